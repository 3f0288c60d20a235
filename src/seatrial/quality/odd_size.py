"""Check ``odd_size``: images far larger or smaller than the others."""

import numpy as np

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image
from seatrial.quality.quartiles import fences

__all__ = ["odd_size"]


def odd_size(given: CheckInput) -> Found:
    """Report images whose √area is an outlier of the data set and ``odd_size_factor`` from its median.

    The score is how many times larger or smaller than the median it is.
    """
    data, options = given.needs_images(), given.options
    size = np.log2(np.sqrt(data.property("area")))
    low, middle, high = fences(size[~np.isnan(size)], options.odd_size_iqr, options.outlier_min_n)
    distance = np.abs(size - middle)
    times = 2.0**distance
    return per_image(
        "odd_size",
        data,
        ((size < low) | (size > high)) & (times >= options.odd_size_factor),
        times,
        {"width": data.property("width"), "height": data.property("height"), "times_median": times},
        lambda one: (
            f"odd size: {one['width']:.0f}×{one['height']:.0f} pixels, "
            f"a factor {one['times_median']:.1f} from the median"
        ),
    )

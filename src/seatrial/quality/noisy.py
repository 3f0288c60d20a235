"""Check ``noisy``: images that are noise, or far noisier than the others."""

import numpy as np

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image
from seatrial.quality.quartiles import fences

__all__ = ["noisy"]


def noisy(given: CheckInput) -> Found:
    """Report images with strong noise, or with some and far more than the data set's others.

    The measure is the deviation of white noise in grey levels. It speaks from ``noisy`` on, and from
    ``noisy_outlier`` on where its logarithm lies beyond Tukey's fence of the data set and it is
    ``noisy_factor`` times the median. The score is that deviation.
    """
    data, options = given.needs_images(), given.options
    noise = data.property("noise")
    logarithm = np.log2(noise + 1)
    _, middle, high = fences(logarithm[~np.isnan(noise)], options.outlier_iqr, options.outlier_min_n)
    outlier = (logarithm > high) & (noise >= options.noisy_outlier)
    outlier &= noise >= options.noisy_factor * (2.0**middle - 1)
    return per_image(
        "noisy",
        data,
        (noise >= options.noisy) | outlier,
        noise,
        {"noise": noise, "sharpness": data.property("sharpness")},
        lambda one: f"noisy: as if noise of {one['noise']:.1f} grey levels had been added",
    )

"""Check ``odd_colour``: grey images among coloured ones, coloured among grey ones."""

import numpy as np

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image

__all__ = ["odd_colour"]


def odd_colour(given: CheckInput) -> Found:
    """Report images without colour where nearly all others have some, or the other way round.

    An image is grey where ``grey_share`` of its pixels are; it is odd where at most ``odd_colour_share`` of
    the images are as it is. The score is 1 minus the share of such images.
    """
    data, options = given.needs_images(), given.options
    share = data.property("greyscale")
    known = ~np.isnan(share)
    if known.sum() < options.outlier_min_n:
        return Found(())
    grey = share >= options.grey_share
    greys = float(grey[known].mean())
    odd = known & (grey if greys <= 0.5 else ~grey)  # noqa: PLR2004 - the smaller half
    fewer = min(greys, 1 - greys)
    if fewer > options.odd_colour_share:
        return Found(())
    what = "grey among coloured images" if greys <= 0.5 else "coloured among grey images"  # noqa: PLR2004 - as above
    return per_image(
        "odd_colour",
        data,
        odd,
        np.full(len(data), 1 - fewer),
        {"greyscale": share, "saturation": data.property("saturation")},
        lambda one: f"{what}: {one['greyscale']:.0%} of its pixels are grey",
    )

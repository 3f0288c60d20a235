"""Check ``blurred``: images without fine detail."""

import numpy as np
from numpy.typing import NDArray

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image
from seatrial.quality.quartiles import fences

__all__ = ["blurred"]


def blurred(given: CheckInput) -> Found:
    """Report images whose detail is small for their contrast, or smallish and an outlier of the data set.

    The measure is the variance of the Laplacian (at 256 pixels) divided by the variance of brightness: a
    pale but sharp image is not blurred. On photographs a Gaussian of 0.8 % of the longer side brings it
    from around .6 to .005; sharp microscopy stays above .02; photographs of one data set differ
    eightfold by camera alone, so that being an outlier is not enough. The score is minus its
    logarithm to base 10.
    """
    data, options = given.needs_images(), given.options
    ratio = _detail(data.property("sharpness"), data.property("contrast"))
    with np.errstate(divide="ignore"):
        logarithm = np.log10(np.where(ratio > 0, ratio, 1e-6))
    low, middle, _ = fences(logarithm[~np.isnan(ratio)], options.blurred_iqr, options.outlier_min_n)
    outlier = (logarithm < low) & (logarithm < middle - np.log10(options.blurred_factor))
    outlier &= ratio < options.blurred_outlier_ratio
    return per_image(
        "blurred",
        data,
        ~np.isnan(ratio) & ((ratio < options.blurred_ratio) | outlier),
        -logarithm,
        {"detail": ratio, "sharpness": data.property("sharpness"), "contrast": data.property("contrast")},
        lambda one: f"blurred: detail {one['detail']:.4f} of its contrast",
    )


def _detail(sharpness: NDArray[np.float64], contrast: NDArray[np.float64]) -> NDArray[np.float64]:
    variance = (contrast * 255.0) ** 2
    seen = variance > 1.0  # less than one grey level of contrast: blank, which is another check's finding
    return np.divide(sharpness, variance, out=np.full_like(sharpness, np.nan), where=seen)

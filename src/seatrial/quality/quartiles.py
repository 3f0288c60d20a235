"""Fences around the middle of a distribution (Tukey 1977)."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["fences"]


def fences(values: NDArray[np.float64], width: float, min_n: int) -> tuple[float, float, float]:
    """Give the lower fence, the median and the upper fence.

    Args:
        values: Shape (n,), without NaN.
        width: Interquartile ranges between a quartile and its fence.
        min_n: With fewer values the fences are infinitely far away.
    """
    if values.size == 0:
        return -np.inf, 0.0, np.inf
    first, median, third = (float(one) for one in np.percentile(values, [25, 50, 75]))
    if values.size < min_n:
        return -np.inf, median, np.inf
    reach = width * (third - first)
    return first - reach, median, third + reach

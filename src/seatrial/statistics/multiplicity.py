"""Adjusting p-values for how many were looked at."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["benjamini_hochberg", "holm"]

P = Sequence[float] | NDArray[np.float64]


def holm(p: P) -> NDArray[np.float64]:
    """Adjust p-values so that the chance of any false alarm stays below the level.

    Args:
        p: p-values, shape (k,), in [0, 1]; k may be 0.

    Returns:
        Adjusted p-values in the same order, in [0, 1], none smaller than the one it comes from.

    Raises:
        ValueError: A p-value is not in [0, 1].

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6.
    """
    values, order = _sorted(p)
    factors = np.arange(len(values), 0, -1)
    return _restored(np.maximum.accumulate(values * factors), order)


def benjamini_hochberg(p: P) -> NDArray[np.float64]:
    """Adjust p-values so that the expected share of false alarms among all alarms stays below the level.

    Args:
        p: p-values, shape (k,), in [0, 1]; k may be 0.

    Returns:
        Adjusted p-values in the same order, in [0, 1], none smaller than the one it comes from.

    Raises:
        ValueError: A p-value is not in [0, 1].

    References:
        Benjamini, Hochberg (1995), Controlling the false discovery rate, J. Royal Statistical Society B 57.
    """
    values, order = _sorted(p)
    k = len(values)
    # rank / k is exactly one for the largest, so that rounding never lowers a p-value
    raised = values / (np.arange(1, k + 1) / max(k, 1))
    return _restored(np.minimum.accumulate(raised[::-1])[::-1], order)


def _sorted(p: P) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values = np.asarray(p, dtype=np.float64).reshape(-1)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError(f"p-values must be in [0, 1], got {values.tolist()}")
    order = np.argsort(values, kind="stable")
    return values[order], order


def _restored(adjusted: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    result = np.empty_like(adjusted)
    result[order] = np.minimum(adjusted, 1.0)
    return result

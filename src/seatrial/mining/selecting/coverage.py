"""How well a subset covers a pool, beside a draw of the same size."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["cover_distances", "evenness"]

#: Rows of the pool whose distance is measured, evenly spaced where there are more.
_MEASURED = 20_000

_BLOCK = 1024


def cover_distances(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> Mapping[str, float]:
    """Measure how far rows of a pool are from the nearest chosen one.

    Args:
        vectors: The pool, shape (n, width), of length 1.
        rows: The chosen ones, at least one.

    Returns:
        ``mean``, ``p95`` and ``largest`` cosine distance (1 − cosine).
    """
    n = len(vectors)
    seen = vectors[np.linspace(0, n - 1, min(n, _MEASURED)).round().astype(np.int64)]
    chosen = vectors[rows]
    nearest = np.concatenate(
        [1 - (seen[start : start + _BLOCK] @ chosen.T).max(axis=1) for start in range(0, len(seen), _BLOCK)]
    )
    nearest = np.maximum(nearest, 0).astype(np.float64)
    return {
        "mean": float(nearest.mean()),
        "p95": float(np.quantile(nearest, 0.95)),
        "largest": float(nearest.max()),
    }


def evenness(counts: NDArray[np.int64]) -> float:
    """Give Pielou's evenness of counts: entropy over that of equal counts, in [0, 1]; 1 for one stratum."""
    if len(counts) == 1:
        return 1.0
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum() / np.log(len(counts)))

"""Parts of an embedding space that are small enough to be searched row by row."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["cell_count", "cells_of"]

#: Comparisons of a row with a chosen one up to which the whole space is searched at once.
_WHOLE = 500_000_000

_BLOCK = 16_384


def cell_count(n: int, size: int) -> int:
    """Give how many cells to cut a space into.

    One where every row can be compared with every chosen one; else about √n, but so few that several rows are
    chosen in each.

    Args:
        n: Rows.
        size: Rows to choose.
    """
    if n * size <= _WHOLE:
        return 1
    return max(1, min(math.isqrt(n), size // 4))


def cells_of(vectors: NDArray[np.float32], count: int, seed: int) -> NDArray[np.int64]:
    """Give each row's cell: the nearest of ``count`` rows that are drawn.

    Args:
        vectors: Shape (n, width), of length 1.
        count: Cells, at least 1.
        seed: Of the draw.

    Returns:
        Shape (n,), from 0.
    """
    if count == 1:
        return np.zeros(len(vectors), dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(len(vectors), min(count, len(vectors)), replace=False)
    pivots = vectors[np.sort(drawn)]
    found = np.empty(len(vectors), dtype=np.int64)
    for part in _blocks(len(vectors)):
        found[part] = (vectors[part] @ pivots.T).argmax(axis=1)
    return found


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, start + _BLOCK) for start in range(0, n, _BLOCK))

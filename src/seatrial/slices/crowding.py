"""How many boxes of its image a box overlaps."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["count_overlaps"]

#: Pairs of boxes that are compared at the same time.
_PAIRS = 2**20


def count_overlaps(
    images: NDArray[np.int64],
    boxes: NDArray[np.float64],
    other_images: NDArray[np.int64],
    others: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Count, for each box, the other boxes of its image that share an area with it; itself, if it is there.

    Args:
        images: Image of each box, ascending, shape (n,).
        boxes: x, y, width, height, shape (n, 4); one without an area overlaps nothing but its equals.
        other_images: Likewise, shape (k,).
        others: Likewise, shape (k, 4).

    Returns:
        Shape (n,).
    """
    first = np.searchsorted(other_images, images, side="left")
    lengths = np.searchsorted(other_images, images, side="right") - first
    ends = np.cumsum(lengths)
    counts = np.zeros(len(images), dtype=np.int64)
    start = 0
    while start < len(images):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + _PAIRS, side="right")))
        part, length = slice(start, stop), lengths[start:stop]
        mine = np.repeat(np.arange(start, stop), length)
        within = np.arange(len(mine)) - np.repeat(np.cumsum(length) - length, length)
        overlap = _overlap(boxes[mine], others[first[mine] + within])
        counts[part] = np.bincount(mine[overlap] - start, minlength=stop - start)
        start = stop
    return counts


def _overlap(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.bool_]:
    low = np.maximum(ours[:, :2], theirs[:, :2])
    high = np.minimum(ours[:, :2] + ours[:, 2:], theirs[:, :2] + theirs[:, 2:])
    return np.asarray((high > low).all(axis=1) | (ours == theirs).all(axis=1), dtype=np.bool_)

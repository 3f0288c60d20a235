"""How far apart two vectors are, computed the same way wherever a distance is told."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError

__all__ = ["METRICS", "Metric", "directions", "is_zero", "row_distances"]

Metric = Literal["cosine", "l2"]

METRICS: tuple[Metric, ...] = ("cosine", "l2")

#: Values that a gathered block may hold: 64 MiB of float32.
_BLOCK = 1 << 24


def check_metric(metric: str) -> None:
    """Check a metric's name.

    Raises:
        InputError: There is no such metric.
    """
    if metric not in METRICS:
        raise InputError(f"metric: expected one of {', '.join(METRICS)}, got {metric!r}")


def is_zero(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows have no direction, shape (n,)."""
    return np.asarray(~vectors.any(axis=1))


def directions(vectors: NDArray[np.float32], *, with_zero: bool) -> NDArray[np.float32]:
    """Scale rows to length 1, so that half the squared distance of two is 1 − their cosine.

    Args:
        vectors: Shape (n, width).
        with_zero: Give vectors of width + 1, in which a row of zeros points along the added axis: it is at
            0 from another such row and at 1 from everything else. Without, it stays zero.
    """
    # in two steps, so that neither tiny nor huge values vanish when they are squared
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    scaled = vectors / np.where(largest > 0, largest, 1)
    lengths = np.sqrt(np.einsum("ij,ij->i", scaled, scaled, dtype=np.float32))[:, None]
    scaled /= np.where(lengths > 0, lengths, 1)
    if not with_zero:
        return np.asarray(scaled, dtype=np.float32)
    return np.concatenate([scaled, is_zero(vectors)[:, None].astype(np.float32)], axis=1)


def row_distances(
    vectors: NDArray[np.float32],
    first: NDArray[np.float32],
    rows: NDArray[np.int64],
    metric: Metric,
) -> NDArray[np.float32]:
    """Measure each of ``first`` against its own rows of ``vectors``: by differences, so that equal is 0.

    Args:
        vectors: Shape (n, width); of length 1 where the metric is cosine.
        first: Shape (m, width), likewise.
        rows: Rows of ``vectors``, shape (m, k); −1 stands for none.
        metric: ``cosine``: 1 − cosine, in [0, 2]; ``l2``: Euclidean.

    Returns:
        Shape (m, k); infinite where there is no row.
    """
    found = np.empty(rows.shape, dtype=np.float32)
    step = max(1, _BLOCK // max(1, rows.shape[1] * vectors.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        away = vectors[rows[part]]
        away -= first[part, None]
        squares = np.einsum("ijk,ijk->ij", away, away)
        found[part] = squares / 2 if metric == "cosine" else np.sqrt(squares)
    found[rows < 0] = np.inf
    return found

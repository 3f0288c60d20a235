"""Pairs of vectors that are close to each other, found block by block."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.neighbours.metric import Metric, row_distances

__all__ = ["Pairs", "pairs_among", "pairs_found"]

#: Rows of a tile of all pairs: 32 MiB of float32.
_TILE = 2896

#: Rows whose neighbourhoods are asked of an index at a time.
_ASKED = 4096

#: By how much inner products in float32 may be off, for each unit of squared length.
_SLACK = 4e-6


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows, each once.

    Attributes:
        first: The earlier row of each pair, shape (p,), ascending.
        second: The later row, shape (p,).
        distances: Shape (p,), float32.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    distances: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.first)


def pairs_among(vectors: NDArray[np.float32], threshold: float, metric: Metric, most: int) -> Pairs:
    """Compare every row with every later one, in tiles.

    Args:
        vectors: Shape (n, width); of length 1 where the metric is cosine.
        threshold: How far apart a pair may be.
        metric: The metric.
        most: Pairs that may be found.

    Raises:
        InputError: There are more.
    """
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    kept: list[Pairs] = []
    found = 0
    for top in range(0, len(vectors), _TILE):
        rows = slice(top, top + _TILE)
        for left in range(top, len(vectors), _TILE):
            columns = slice(left, left + _TILE)
            products = vectors[rows] @ vectors[columns].T
            reach = _reach(lengths[rows, None], lengths[None, columns], threshold, metric)
            first, second = np.nonzero(products >= reach)
            first, second = first + top, second + left
            later = first < second
            close = _measured(vectors, first[later], second[later], threshold, metric)
            found += len(close)
            _check_count(found, most, threshold)
            kept.append(close)
    return _ordered(kept)


def pairs_found(
    index: Any, vectors: NDArray[np.float32], threshold: float, metric: Metric, most: int
) -> Pairs:
    """Ask a FAISS index for the neighbourhood of each row; arguments and errors as :func:`pairs_among`."""
    largest = float(np.einsum("ij,ij->i", vectors, vectors).max())
    radius = 1 - threshold - _SLACK if metric == "cosine" else threshold**2 + 4 * _SLACK * largest
    kept: list[Pairs] = []
    found = 0
    for top in range(0, len(vectors), _ASKED):
        limits, _, second = index.range_search(vectors[top : top + _ASKED], radius)
        first = np.repeat(np.arange(len(limits) - 1), np.diff(limits).astype(np.int64)) + top
        # of a pair, either row may miss the other: both directions count, in the order of the rows
        low, high = np.minimum(first, second), np.maximum(first, second)
        apart = low < high
        kept.append(_measured(vectors, low[apart], high[apart], threshold, metric))
        found += len(kept[-1])
        _check_count(found // 2, most, threshold)
    return _ordered(kept)


def _reach(
    first: NDArray[np.float32], second: NDArray[np.float32], threshold: float, metric: Metric
) -> NDArray[np.float32] | float:
    """Inner product from which two vectors may be close enough."""
    if metric == "cosine":
        return 1 - threshold - _SLACK
    total = first + second
    return np.asarray((total - threshold**2) / 2 - _SLACK * total, dtype=np.float32)


def _measured(
    vectors: NDArray[np.float32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    threshold: float,
    metric: Metric,
) -> Pairs:
    step = 1 << 18
    distances = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        distances[part] = row_distances(vectors, vectors[first[part]], second[part, None], metric)[:, 0]
    # a threshold is told with seven digits at best: what float32 cannot tell apart from it is within
    close = distances <= np.float32(threshold)
    return Pairs(first[close], second[close], distances[close])


def _ordered(parts: list[Pairs]) -> Pairs:
    first = np.concatenate([part.first for part in parts]).astype(np.int64)
    second = np.concatenate([part.second for part in parts]).astype(np.int64)
    distances = np.concatenate([part.distances for part in parts])
    order = np.lexsort((second, first))
    first, second, distances = first[order], second[order], distances[order]
    new = np.ones(len(first), dtype=np.bool_)
    new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    return Pairs(first[new], second[new], distances[new])


def _check_count(found: int, most: int, threshold: float) -> None:
    if found > most:
        raise InputError(
            f"more than {most} pairs of vectors are within {threshold}: the embeddings hardly differ; choose "
            "a smaller threshold, or a model that tells the images apart"
        )

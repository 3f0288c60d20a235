"""Pairs of images whose embeddings are closer than chance brings them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.neighbours import NeighbourIndex
from seatrial.neighbours.index import EXACT_PAIRS

__all__ = ["LEAST_ROWS", "NEIGHBOURS", "ClosePairs", "close_across", "close_within"]

#: The neighbour that says how far apart vectors are around a row: of more copies than that it is one itself.
NEIGHBOURS = 20

#: Between this neighbour and the last, distances tell the dimension: the nearer ones may be copies.
_INNER = 5

#: Rows below which neighbours say nothing of how dense the data are.
LEAST_ROWS = 2 * NEIGHBOURS

#: In whatever dimension, copies are nearer than this share of the distance around them: where the dimension
#: is high, it is estimated too high for the tail.
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class ClosePairs:
    """Pairs of rows, each once.

    Attributes:
        rows: Shape (pairs, 2): rows of the vectors and of the vectors or the others, sorted.
        ratio: Distance of each pair as a share of the distance to the twentieth neighbour, of both rows the
            smaller one, shape (pairs,), in [0, ``most``].
        most: The ratio up to which pairs are close.
        dimension: Of the data around a row, as its neighbours' distances tell.
    """

    rows: NDArray[np.int64]
    ratio: NDArray[np.float64]
    most: float
    dimension: float


def close_within(vectors: NDArray[np.float32], by_chance: float) -> ClosePairs:
    """Find pairs of vectors that are much closer to each other than to what is around both.

    Where vectors lie evenly in D dimensions around a row, the share of the distance to the k-th neighbour at
    which the first one lies is r or less with probability 1 − (1 − rᴰ)ᵏ⁻¹. A pair is close where, of all rows
    together, at most ``by_chance`` such are expected. D is estimated from the growth of the distances from
    the fifth to the twentieth neighbour (Hill's estimator as of Levina & Bickel 2004, without the nearest,
    the median over the rows). So neither the model's scale nor how it crowds classes together matters.

    Args:
        vectors: Shape (n, width), n at least :data:`LEAST_ROWS`, finite.
        by_chance: Rows that may be expected to be that close to another by chance, at least 0.

    Raises:
        MissingExtraError: FAISS is not installed.
    """
    distances, found = _index(vectors).leave_one_out(NEIGHBOURS)
    chords = _chords(distances)
    around = chords[:, -1]
    pairs = _close(chords, found, by_chance, lambda rows: around[rows])
    rows = np.sort(pairs.rows, axis=1)
    rows, first = np.unique(rows, axis=0, return_index=True)
    return ClosePairs(rows, pairs.ratio[first], pairs.most, pairs.dimension)


def close_across(vectors: NDArray[np.float32], others: NDArray[np.float32], by_chance: float) -> ClosePairs:
    """Find pairs of a vector and one of the others, of which there are enough, see :func:`close_within`."""
    index = _index(others)
    distances, found = index.search(vectors, NEIGHBOURS)

    def around(rows: NDArray[np.int64]) -> NDArray[np.float64]:
        asked, back = np.unique(rows, return_inverse=True)
        # of a row of the index, the nearest is itself
        last = _chords(index.search(others[asked], NEIGHBOURS + 1)[0])[:, -1]
        return np.asarray(last[back], dtype=np.float64)

    return _close(_chords(distances), found, by_chance, around)


def _index(vectors: NDArray[np.float32]) -> NeighbourIndex:
    """Index vectors of which every one is looked up: exactly where their square is affordable."""
    return NeighbourIndex.build(vectors, exact=len(vectors) <= EXACT_PAIRS)


def _chords(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn 1 − cosine into the length of the chord, which grows evenly with the distance."""
    return np.asarray(np.sqrt(2 * distances.astype(np.float64)), dtype=np.float64)


def _close(
    chords: NDArray[np.float64],
    found: NDArray[np.int64],
    by_chance: float,
    around: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> ClosePairs:
    dimension = _dimension(chords)
    most = 0.0
    if dimension:
        each = min(max(by_chance, 0.0) / len(chords), 1.0)
        most = min(_MOST, (1 - (1 - each) ** (1 / (NEIGHBOURS - 1))) ** (1 / dimension))
    known = (chords[:, -1:] > 0) & np.isfinite(chords[:, -1:])
    row, place = np.nonzero(known & (chords <= most * chords[:, -1:]))
    pairs = np.column_stack([row, found[row, place]])
    spacing = np.minimum(chords[row, -1], around(pairs[:, 1]))
    ratio = np.divide(chords[row, place], spacing, out=np.full(len(row), np.inf), where=spacing > 0)
    kept = ratio <= most
    return ClosePairs(pairs[kept], ratio[kept], most, dimension)


def _dimension(chords: NDArray[np.float64]) -> float:
    """Estimate the dimension of the data around a row; 0 where their neighbours are all equal."""
    inner, outer = chords[:, _INNER - 1], chords[:, -1]
    known = (inner > 0) & np.isfinite(outer)
    growth = float(np.median(np.log(outer[known] / inner[known]))) if known.any() else 0.0
    expected = float((1 / np.arange(_INNER, NEIGHBOURS)).sum())
    return expected / growth if growth > 0 else 0.0

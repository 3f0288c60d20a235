"""Selector ``facility_location``: the rows to which all others are most similar.

Chosen greedily, which is at least 1 − 1/e of the best (Nemhauser, Wolsey & Fisher 1978), and lazily (Minoux
1978): what a row would bring only shrinks, so it is computed again only when it comes first.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.selecting.space import Picks, Space

__all__ = ["facility_location"]

#: Rows of a cell up to which all pairs are compared; of more, so many are drawn to stand for the rest.
_MOST = 4096

_BLOCK = 1024

#: By how much sums in another order may differ.
_SLACK = 1e-6


def facility_location(space: Space, size: int) -> Picks:
    """Choose rows one after another, each time the one that raises the sum of best similarities most.

    Every candidate counts by its largest similarity ((1 + cosine) / 2) to a chosen row of its cell.

    Args:
        space: What to choose from.
        size: How many; fewer where there are no more candidates.

    Returns:
        Gains are by how much the sum rose, in candidates.
    """
    cells = [
        _Cell(space.vectors, rows, chosen, space.seed + number)
        for number, (rows, chosen) in enumerate(space.by_cell())
    ]
    queue = [(-cell.best(), number) for number, cell in enumerate(cells)]
    heapq.heapify(queue)
    rows: list[int] = []
    gains: list[float] = []
    while queue and len(rows) < size:
        gain, number = queue[0]
        cell = cells[number]
        rows.append(cell.pick())
        gains.append(-gain)
        if cell.exhausted:
            heapq.heappop(queue)
        else:
            heapq.heapreplace(queue, (-cell.best(), number))
    return Picks(
        np.array(rows, dtype=np.int64), np.array(gains), "stands for {gain:.1f} more rows of the pool"
    )


class _Cell:
    """The candidates of a cell, with an upper bound of what each would bring."""

    def __init__(
        self,
        vectors: NDArray[np.float32],
        rows: NDArray[np.int64],
        chosen: NDArray[np.int64],
        seed: int,
    ) -> None:
        self._rows, self._mine = rows, vectors[rows]
        drawn = np.arange(len(rows))
        if len(rows) > _MOST:
            drawn = np.sort(np.random.default_rng(seed).choice(len(rows), _MOST, replace=False))
        self._shown = self._mine[drawn]
        self._scale = len(rows) / len(drawn)
        self._best = np.zeros(len(drawn), dtype=np.float32)
        for one in chosen:
            np.maximum(self._best, self._similarity(vectors[one]), out=self._best)
        self._queue = [(-bound, place) for place, bound in enumerate(self._bounds())]
        heapq.heapify(self._queue)

    @property
    def exhausted(self) -> bool:
        return not self._queue

    def best(self) -> float:
        """Give the largest gain, computing again those whose bound comes first."""
        while True:
            bound, place = self._queue[0]
            gain = self._gain(place)
            heapq.heapreplace(self._queue, (-gain, place))
            if gain >= -bound * (1 - _SLACK) or self._queue[0][1] == place:
                return gain

    def pick(self) -> int:
        """Choose the row that comes first."""
        _, place = heapq.heappop(self._queue)
        np.maximum(self._best, self._similarity(self._mine[place]), out=self._best)
        return int(self._rows[place])

    def _bounds(self) -> list[float]:
        found: list[float] = []
        for start in range(0, len(self._mine), _BLOCK):
            more = (1 + self._mine[start : start + _BLOCK] @ self._shown.T) / 2 - self._best
            np.maximum(more, 0, out=more)
            found += (more.sum(axis=1, dtype=np.float64) * self._scale).tolist()
        return found

    def _gain(self, place: int) -> float:
        more = self._similarity(self._mine[place]) - self._best
        return float(more[more > 0].sum(dtype=np.float64)) * self._scale

    def _similarity(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._shown @ vector
        found += 1
        found /= 2
        return found

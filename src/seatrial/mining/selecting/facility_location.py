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

#: Rows whose gains are computed at a time.
_BLOCK = 256


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
        places = np.arange(len(rows))
        parts = [places[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
        gains = np.concatenate([self._gains(part) for part in parts])
        self._picked = 0
        self._stamps = np.zeros(len(rows), dtype=np.int64)
        self._queue = list(zip((-gains).tolist(), places.tolist(), strict=True))
        heapq.heapify(self._queue)

    @property
    def exhausted(self) -> bool:
        return not self._queue

    def best(self) -> float:
        """Give the largest gain, computing again those whose bound comes first, a block at a time."""
        while self._stamps[self._queue[0][1]] != self._picked:
            stale = [heapq.heappop(self._queue) for _ in range(min(_BLOCK, len(self._queue)))]
            places = np.array([place for _, place in stale])
            for place, gain in zip(places.tolist(), self._gains(places).tolist(), strict=True):
                self._stamps[place] = self._picked
                heapq.heappush(self._queue, (-gain, place))
        return float(-self._queue[0][0])

    def pick(self) -> int:
        """Choose the row that comes first."""
        _, place = heapq.heappop(self._queue)
        np.maximum(self._best, self._similarity(self._mine[place]), out=self._best)
        self._picked += 1
        return int(self._rows[place])

    def _gains(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        more = (1 + self._mine[places] @ self._shown.T) / 2 - self._best
        np.maximum(more, 0, out=more)
        gains: NDArray[np.float64] = more.sum(axis=1, dtype=np.float64) * self._scale
        return gains

    def _similarity(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._shown @ vector
        found += 1
        found /= 2
        return found

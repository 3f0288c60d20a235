"""Selector ``k_centre``: always the row that is farthest from all that are chosen.

Gonzalez (1985): the largest distance of any row to its nearest chosen one is at most twice the smallest
possible. In cells, where the whole space is too large to be searched, the bound holds within each cell.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.selecting.space import Picks, Space

__all__ = ["k_centre"]

#: As far as from nothing: farther than the opposite direction.
_NOTHING = np.float32(3)


def k_centre(space: Space, size: int) -> Picks:
    """Choose rows one after another, each time the one with the largest distance to all chosen so far.

    Where nothing is chosen yet, the first is the row closest to the middle of its cell.

    Args:
        space: What to choose from.
        size: How many; fewer where there are no more candidates.

    Returns:
        Gains are cosine distances (1 − cosine, in [0, 2]) to the nearest row chosen before; 2 for the first.
    """
    cells = [_Cell(space.vectors, rows, chosen) for rows, chosen in space.by_cell()]
    # of equally far ones the cell with more rows, then the earlier one
    queue = [(-float(cell.farthest), -len(cell.rows), number) for number, cell in enumerate(cells)]
    heapq.heapify(queue)
    rows: list[int] = []
    gains: list[float] = []
    while queue and len(rows) < size:
        far, _, number = queue[0]
        cell = cells[number]
        rows.append(cell.pick())
        gains.append(min(2.0, -far))
        if cell.exhausted:
            heapq.heappop(queue)
        else:
            heapq.heapreplace(queue, (-float(cell.farthest), -len(cell.rows), number))
    return Picks(
        np.array(rows, dtype=np.int64), np.array(gains), "{gain:.3f} away from the nearest one chosen before"
    )


class _Cell:
    """The candidates of a cell, with the distance of each to the nearest chosen row."""

    def __init__(
        self, vectors: NDArray[np.float32], rows: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> None:
        self.rows = rows
        self._vectors = vectors[rows]
        self._away = np.full(len(rows), _NOTHING, dtype=np.float32)
        self._left = len(rows)
        for one in chosen:
            self._see(vectors[one])
        if not len(chosen):
            middle = self._vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
            self._next = int((self._vectors @ middle).argmax())

    @property
    def farthest(self) -> np.float32:
        return self._away[self._next]  # type: ignore[no-any-return]  # NumPy's scalar

    @property
    def exhausted(self) -> bool:
        return self._left == 0

    def pick(self) -> int:
        """Choose the farthest row and measure the others against it."""
        place = self._next
        self._see(self._vectors[place])
        self._away[place] = -1  # chosen
        self._left -= 1
        self._next = int(self._away.argmax())
        return int(self.rows[place])

    def _see(self, vector: NDArray[np.float32]) -> None:
        free = self._away >= 0
        np.minimum(self._away, 1 - self._vectors @ vector, out=self._away, where=free)
        np.maximum(self._away, 0, out=self._away, where=free)
        self._next = int(self._away.argmax())

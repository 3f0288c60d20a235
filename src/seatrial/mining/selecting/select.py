"""Choose a subset that is balanced over strata, diverse within each, and free of near-duplicates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.selecting.cells import cell_count, cells_of
from seatrial.mining.selecting.quotas import even_quotas
from seatrial.mining.selecting.selector import Selector
from seatrial.mining.selecting.space import Space
from seatrial.neighbours import NeighbourIndex
from seatrial.progress import progress

__all__ = ["Selection", "select_rows"]

#: Rounds in which rows that turn out to be near-duplicates are replaced by others.
_ROUNDS = 8


@dataclass(frozen=True)
class Selection:
    """Rows that were chosen.

    Attributes:
        rows: In the order in which they were chosen, shape (k,).
        strata: Stratum of each, shape (k,).
        gains: What each brought, in the selector's unit; NaN where that means nothing.
        reasons: Why each was chosen.
        quotas: Seats of each stratum, shape (strata,).
        near: Rows that were left out as near-duplicates of a chosen one, ascending, with that one beside
            them, shape (m, 2): those that a selector had chosen, not all that there are.
    """

    rows: NDArray[np.int64]
    strata: NDArray[np.int64]
    gains: NDArray[np.float64]
    reasons: tuple[str, ...]
    quotas: NDArray[np.int64]
    near: NDArray[np.int64]


def select_rows(
    strata: NDArray[np.int64],
    size: int,
    selector: Selector,
    *,
    vectors: NDArray[np.float32] | None = None,
    near: float = 0.0,
    chosen: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> Selection:
    """Choose rows.

    Each stratum gets an even share of the seats. Within a stratum the selector chooses, and sees what was
    chosen in others. Rows within ``near`` of one that was chosen before are replaced by others of the same
    stratum; where a stratum runs out of rows, its seats go to the others.

    Args:
        strata: Each row's stratum, shape (n,), from 0; −1 for rows that may not be chosen.
        size: How many.
        selector: How to choose.
        vectors: Shape (n, width), of length 1; None where nothing is known of the rows.
        near: Cosine distance up to which two rows show the same.
        chosen: Rows that are there already, labelled ones say; they count, but are not given again.
        seed: Of whatever is drawn.
    """
    pool = _Pool(strata, vectors, np.empty(0, dtype=np.int64) if chosen is None else chosen, seed, size)
    with progress("select", min(size, pool.left), "samples") as advance:
        for _ in range(_ROUNDS):
            seats = pool.seats(size)
            if not seats.any():
                break
            for stratum in np.argsort(seats, kind="stable")[np.count_nonzero(seats == 0) :].tolist():
                advance(pool.choose(stratum, int(seats[stratum]), selector))
            if vectors is None or pool.drop_near(near) == 0:
                break
    return pool.selection(size)


class _Pool:
    """Rows that may still be chosen, by stratum, and those that are."""

    def __init__(
        self,
        strata: NDArray[np.int64],
        vectors: NDArray[np.float32] | None,
        before: NDArray[np.int64],
        seed: int,
        size: int,
    ) -> None:
        self._vectors = np.empty((len(strata), 0), dtype=np.float32) if vectors is None else vectors
        self._before, self._seed, self._strata = before, seed, strata
        allowed = np.flatnonzero(strata >= 0)
        allowed = allowed[~np.isin(allowed, before)]
        count = int(strata.max(initial=-1)) + 1
        order = allowed[np.argsort(strata[allowed], kind="stable")]
        self._free = np.split(order, np.searchsorted(strata[order], np.arange(1, count)))
        cells = 1 if vectors is None else cell_count(len(strata), size)
        self._cells = cells_of(self._vectors, cells, seed)
        self._available = np.array([len(one) for one in self._free], dtype=np.int64)
        self._chosen: list[_Chosen] = []
        self._near: list[tuple[int, int]] = []

    @property
    def left(self) -> int:
        return sum(map(len, self._free))

    def seats(self, size: int) -> NDArray[np.int64]:
        """Give the seats of each stratum that are still to be filled."""
        taken = np.bincount([one.stratum for one in self._chosen], minlength=len(self._free))
        there = taken + np.array([len(one) for one in self._free], dtype=np.int64)
        seats: NDArray[np.int64] = np.maximum(even_quotas(there, size) - taken, 0)
        return seats

    def choose(self, stratum: int, seats: int, selector: Selector) -> int:
        """Choose rows of a stratum; gives how many."""
        rows = np.concatenate([self._before, [one.row for one in self._chosen]]).astype(np.int64)
        space = Space(self._vectors, self._cells, self._free[stratum], rows, self._seed)
        picks = selector(space, seats)
        for row, gain in zip(picks.rows.tolist(), picks.gains.tolist(), strict=True):
            self._chosen.append(_Chosen(row, stratum, gain, picks.because.format(gain=gain)))
        self._free[stratum] = np.setdiff1d(self._free[stratum], picks.rows, assume_unique=True)
        return len(picks.rows)

    def drop_near(self, near: float) -> int:
        """Take back rows that are near one that was chosen before; gives how many."""
        rows = np.concatenate([self._before, [one.row for one in self._chosen]]).astype(np.int64)
        pairs = NeighbourIndex.build(self._vectors[rows]).pairs_within(near)
        order = np.argsort(pairs.second, kind="stable")
        dropped: dict[int, int] = {}
        for first, second in zip(pairs.first[order].tolist(), pairs.second[order].tolist(), strict=True):
            if second >= len(self._before) and first not in dropped:
                dropped.setdefault(second, first)
        self._near += [(int(rows[second]), int(rows[first])) for second, first in dropped.items()]
        gone = {second - len(self._before) for second in dropped}
        self._chosen = [one for place, one in enumerate(self._chosen) if place not in gone]
        return len(dropped)

    def selection(self, size: int) -> Selection:
        """Give what was chosen, as far as there are seats."""
        return Selection(
            np.array([one.row for one in self._chosen], dtype=np.int64),
            np.array([one.stratum for one in self._chosen], dtype=np.int64),
            np.array([one.gain for one in self._chosen], dtype=np.float64),
            tuple(one.reason for one in self._chosen),
            even_quotas(self._available, size),
            np.array(sorted(self._near), dtype=np.int64).reshape(-1, 2),
        )


@dataclass(frozen=True, slots=True)
class _Chosen:
    row: int
    stratum: int
    gain: float
    reason: str

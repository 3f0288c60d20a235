"""A ranked batch: relevant rows first, each unlike those before it, with seats for each group.

After Cardoso et al. (2017), "Ranked batch-mode active learning", α(1 − similarity) + (1 − α)·uncertainty,
with the relevance to failures beside the uncertainty.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Batch", "largest_remainder", "ranked_batch"]

#: Rows of each group that are looked at for each of its seats, and at least.
_SHORT, _LEAST = 20, 500

#: Looks at a row that is about to be chosen, with those that are: a reason to leave it out, or an empty text.
Veto = Callable[[int, NDArray[np.int64]], str]


@dataclass(frozen=True)
class Batch:
    """Rows in the order in which they were chosen.

    Attributes:
        rows: Shape (k,).
        groups: Group for which each was chosen, shape (k,).
        novelty: How unlike those chosen before each was, in [0, 1], shape (k,).
        refused: Rows that were left out on the way, and why.
    """

    rows: NDArray[np.int64]
    groups: NDArray[np.int64]
    novelty: NDArray[np.float64]
    refused: dict[int, str]


def largest_remainder(weights: NDArray[np.float64], seats: int) -> NDArray[np.int64]:
    """Share seats in proportion to weights, at least one each where there are enough.

    They add up to ``seats``; of equal remainders the earlier wins.
    """
    if not len(weights):
        return np.empty(0, dtype=np.int64)
    least = 1 if seats >= len(weights) else 0
    shares = weights / weights.sum() * (seats - least * len(weights))
    given = np.floor(shares).astype(np.int64)
    order = np.argsort(-(shares - given), kind="stable")
    given[order[: seats - least * len(weights) - int(given.sum())]] += 1
    return np.asarray(given + least, dtype=np.int64)


def ranked_batch(
    vectors: NDArray[np.float32],
    relevance: NDArray[np.float64],
    seats: NDArray[np.int64],
    *,
    diversity: float,
    allowed: NDArray[np.bool_],
    veto: Veto,
) -> Batch:
    """Choose rows one by one.

    The next seat goes to the group that has the smallest share of its seats; it takes the row that has most
    of ``(1 − diversity)·relevance + diversity·novelty``. A row's novelty is its distance to the nearest
    chosen row, in units of the median such distance of the rows in question, at most 1. Seats of a group that
    runs out of rows go to the others.

    Args:
        vectors: Shape (n, width).
        relevance: Of each row to each group, shape (groups, n).
        seats: Of each group, shape (groups,).
        diversity: In [0, 1].
        allowed: Rows that may be chosen, shape (n,).
        veto: See :data:`Veto`.
    """
    state = _State(vectors, relevance, seats, allowed)
    chosen: list[int] = []
    groups: list[int] = []
    novelty: list[float] = []
    refused: dict[int, str] = {}
    while len(chosen) < int(seats.sum()) and (group := state.next_group()) is not None:
        row, new = state.best(group, diversity)
        if row < 0:
            state.closed[group] = True
            continue
        state.open[row] = False
        reason = veto(row, np.array(chosen, dtype=np.int64))
        if reason:
            refused[row] = reason
            continue
        chosen.append(row)
        groups.append(group)
        novelty.append(new)
        state.take(row, group)
    return Batch(
        np.array(chosen, dtype=np.int64), np.array(groups, dtype=np.int64), np.array(novelty), refused
    )


class _State:
    def __init__(
        self,
        vectors: NDArray[np.float32],
        relevance: NDArray[np.float64],
        seats: NDArray[np.int64],
        allowed: NDArray[np.bool_],
    ) -> None:
        self._vectors, self._relevance, self._seats = vectors, relevance, seats.astype(np.float64)
        self.open = allowed.copy()
        self.closed = np.zeros(len(seats), dtype=np.bool_)
        self._taken = np.zeros(len(seats), dtype=np.float64)
        total = int(seats.sum())
        self._looked = [self._shortlist(group, total) for group in range(len(seats))]
        self._pool = np.unique(np.concatenate(self._looked)) if self._looked else np.empty(0, np.int64)
        self._places = [np.searchsorted(self._pool, rows) for rows in self._looked]
        self._near = np.full(len(self._pool), np.inf)

    def _shortlist(self, group: int, total: int) -> NDArray[np.int64]:
        """Rows that are most relevant to a group; enough to fill the whole batch where the others run out."""
        wanted = min(max(_SHORT * int(self._seats[group]), _LEAST) + 2 * total, len(self.open))
        scores = np.where(self.open, self._relevance[group], -np.inf)
        best = (
            np.argpartition(-scores, wanted - 1)[:wanted] if wanted < len(scores) else np.arange(len(scores))
        )
        return np.sort(best[self.open[best]])

    def next_group(self) -> int | None:
        """Give the group that is furthest behind its share; None where no group has rows left."""
        if self.closed.all():
            return None
        # where the groups that still have rows are full, they go on in proportion
        share = np.divide(
            self._taken + 1, self._seats, out=np.full(len(self._seats), np.inf), where=self._seats > 0
        )
        share[self.closed] = np.inf
        if not np.isfinite(share).any():
            return int(np.flatnonzero(~self.closed)[0])
        return int(np.argmin(share))

    def best(self, group: int, diversity: float) -> tuple[int, float]:
        """Give the best open row of a group and its novelty; −1 where there is none."""
        rows, places = self._looked[group], self._places[group]
        still = self.open[rows]
        if not still.any():
            return -1, 0.0
        near = self._near[places]
        finite = near[np.isfinite(near) & still]
        unit = float(np.median(finite)) if len(finite) else 1.0
        new = np.minimum(near / unit, 1.0) if unit > 0 else np.where(near > 0, 1.0, 0.0)
        scores = (1 - diversity) * self._relevance[group, rows] + diversity * new
        place = int(np.argmax(np.where(still, scores, -np.inf)))
        return int(rows[place]), float(new[place])

    def take(self, row: int, group: int) -> None:
        """Remember that a row is chosen."""
        self._taken[group] += 1
        away = self._vectors[self._pool] - self._vectors[row]
        np.minimum(self._near, np.sqrt(np.einsum("ij,ij->i", away, away)), out=self._near)

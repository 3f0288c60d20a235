"""A batch by a selector: of the most relevant rows of each group, those that it chooses."""

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.edge_cases.ranked_batch import Batch, Veto
from seatrial.mining.selecting import Selector, Space
from seatrial.neighbours.metric import directions

__all__ = ["selected_batch"]

#: Relevant rows of a group that a selector chooses from, for each of its seats.
_CHOICE = 5


def selected_batch(
    vectors: NDArray[np.float32],
    relevance: NDArray[np.float64],
    seats: NDArray[np.int64],
    selector: Selector,
    *,
    allowed: NDArray[np.bool_],
    veto: Veto,
    seed: int = 0,
) -> Batch:
    """Let a selector choose for each group, the one with most seats first.

    Args:
        vectors: Shape (n, width).
        relevance: Of each row to each group, shape (groups, n).
        seats: Of each group, shape (groups,).
        selector: Chooses among the five times as many most relevant rows; sees what was chosen before.
        allowed: Rows that may be chosen, shape (n,).
        veto: Looks at each that is chosen; one that is refused is not replaced.
        seed: Of whatever is drawn.
    """
    points = directions(vectors, with_zero=False)
    free = allowed.copy()
    chosen: list[int] = []
    groups: list[int] = []
    refused: dict[int, str] = {}
    for group in np.argsort(-seats, kind="stable").tolist():
        order = np.argsort(-relevance[group], kind="stable")
        best = order[free[order]][: _CHOICE * int(seats[group])]
        before = np.array(chosen, dtype=np.int64)
        space = Space(points, np.zeros(len(points), dtype=np.int64), np.sort(best), before, seed)
        for row in selector(space, int(seats[group])).rows.tolist():
            free[row] = False
            reason = veto(row, np.array(chosen, dtype=np.int64))
            if reason:
                refused[row] = reason
            else:
                chosen.append(row)
                groups.append(group)
    return Batch(
        np.array(chosen, dtype=np.int64), np.array(groups, dtype=np.int64), np.ones(len(chosen)), refused
    )

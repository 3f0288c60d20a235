"""What a selector looks at."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Picks", "Space"]


@dataclass(frozen=True)
class Space:
    """Rows to choose from, and those that are chosen already.

    Attributes:
        vectors: Shape (n, width), float32, each of length 1; a width of 0 where nothing is known of the rows.
        cells: Each row's part of the space, shape (n,), from 0; rows of different parts need not be compared.
        candidates: Rows that may be chosen, ascending.
        chosen: Rows that are chosen already, in the order in which they were.
        seed: Of whatever is drawn.
    """

    vectors: NDArray[np.float32]
    cells: NDArray[np.int64]
    candidates: NDArray[np.int64]
    chosen: NDArray[np.int64]
    seed: int

    def by_cell(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give the candidates of each cell that has any, with the rows chosen there."""
        order = self.candidates[np.argsort(self.cells[self.candidates], kind="stable")]
        where = self.cells[order]
        starts = np.flatnonzero(np.diff(where, prepend=-1))
        chosen_in = self.cells[self.chosen]
        by = np.argsort(chosen_in, kind="stable")
        ordered = chosen_in[by]
        for number, start in enumerate(starts):
            stop = starts[number + 1] if number + 1 < len(starts) else len(order)
            cell = where[start]
            low, high = np.searchsorted(ordered, (cell, cell + 1))
            yield order[start:stop], self.chosen[by[low:high]]


@dataclass(frozen=True, slots=True)
class Picks:
    """What a selector chose.

    Attributes:
        rows: In the order in which they were chosen, shape (k,).
        gains: What each brought when it was chosen, in the selector's unit; NaN where that means nothing.
        because: What the gain is, with ``{gain}`` in it: the reason of each row.
    """

    rows: NDArray[np.int64]
    gains: NDArray[np.float64]
    because: str

"""The replicates of every value on one slice, filled a few at a time."""

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.sufficient import Key

__all__ = ["Draws", "keep"]

#: What each key has in each replicate, shape (R,); keys that have no value on the slice are left out.
Draws = dict[Key, NDArray[np.float64]]


def keep(draws: Draws, key: Key, values: NDArray[np.float64], start: int, replicates: int) -> None:
    """Put some replicates of a value where they belong among all.

    Args:
        draws: Takes them.
        key: Whose they are.
        values: Shape (m,).
        start: Number of the first of them.
        replicates: How many there are in all.
    """
    if key not in draws:
        draws[key] = np.empty(replicates)
    draws[key][start : start + len(values)] = values

"""The loop over ranked samples that counts the pairs ranked right, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled
from seatrial.metrics.ranking import LANES

__all__ = ["add_pairs"]

_OF_CLASS, _TIED = np.uint8(1), np.uint8(2)


@compiled
def add_pairs(
    order: NDArray[np.int32],
    marks: NDArray[np.uint8],
    begins: NDArray[np.int64],
    slices: NDArray[np.int32],
    drawn: NDArray[np.uint8],
    member: NDArray[np.int64],
    won: NDArray[np.int64],
    hits: NDArray[np.int32],
    below: NDArray[np.int32],
) -> None:
    """Count, for one class, the weight of its samples, of the others, and of the pairs ranked right.

    Args:
        order: Samples in ascending order of the score, shape (n,).
        marks: See :class:`seatrial.metrics.ranking.Ranking`, shape (n,).
        begins: Where each sample's slices begin, shape (n + 1,).
        slices: Slices of the samples.
        drawn: Weights of the groups, shape (g, LANES).
        member: Group of each sample, shape (n,).
        won: Takes twice the pairs ranked right, ties counting half, shape (slices, LANES), zeros.
        hits: Takes the weight of the class, shape (slices, LANES), zeros.
        below: Takes twice the weight of the others, shape (slices, LANES), zeros.
    """
    size = len(order)
    start = 0
    while start < size:
        stop = start + 1
        while stop < size and marks[stop] & _TIED:
            stop += 1
        # the others of a tie count once before the class's samples look below themselves, and once after
        for sweep in range(3):
            for place in range(start, stop):
                of_class = marks[place] & _OF_CLASS
                if of_class != (sweep == 1):
                    continue
                sample = order[place]
                group = member[sample]
                for entry in range(begins[sample], begins[sample + 1]):
                    row = slices[entry]
                    if of_class:
                        for lane in range(LANES):
                            weight = np.int32(drawn[group, lane])
                            hits[row, lane] += weight
                            won[row, lane] += np.int64(weight) * np.int64(below[row, lane])
                    else:
                        for lane in range(LANES):
                            below[row, lane] += np.int32(drawn[group, lane])
        start = stop

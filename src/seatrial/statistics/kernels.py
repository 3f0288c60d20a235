"""The loop over groups that draws bootstrap weights, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["draw"]

_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@compiled
def draw(
    hashes: NDArray[np.uint64],
    keys: NDArray[np.uint64],
    table: NDArray[np.uint8],
    thresholds: NDArray[np.uint64],
    drawn: NDArray[np.uint8],
) -> None:
    """Draw each group's weight in each replicate; see :class:`seatrial.statistics.PoissonWeights`.

    Args:
        hashes: Of the groups, shape (g,).
        keys: Of the replicates, shape (r,).
        table: The weight by the leading bits of the mixed hash, shape (2^bits,); where it is greater than
            there are thresholds, the leading bits do not settle the weight.
        thresholds: The distribution function in units of 2⁻⁶⁴, ascending.
        drawn: Takes the weights, shape (g, r).
    """
    bits = np.uint64(64)
    size = len(table)
    while size > 1:
        size >>= 1
        bits -= np.uint64(1)
    for group in range(len(hashes)):
        for replicate in range(len(keys)):
            mixed = hashes[group] ^ keys[replicate]
            mixed = (mixed ^ (mixed >> _SHIFTS[0])) * _FACTORS[0]
            mixed = (mixed ^ (mixed >> _SHIFTS[1])) * _FACTORS[1]
            mixed = mixed ^ (mixed >> _SHIFTS[2])
            weight = table[mixed >> bits]
            if weight > len(thresholds):
                weight = np.uint8(np.searchsorted(thresholds, mixed, side="right"))
            drawn[group, replicate] = weight

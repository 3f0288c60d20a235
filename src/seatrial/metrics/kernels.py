"""The loops over samples that add up counts and amounts, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled
from seatrial.metrics.adding import LANES

__all__ = ["add_amounts", "add_counts", "order_by_sample"]


@compiled
def order_by_sample(samples: NDArray[np.int32], place: NDArray[np.int64], order: NDArray[np.int64]) -> None:
    """Sort entries by sample, those of one sample staying in their order.

    Args:
        samples: Of each entry, shape (e,).
        place: Where each sample's entries begin, shape (n,); it is used up.
        order: Takes the entries' numbers, shape (e,).
    """
    for entry in range(len(samples)):
        sample = samples[entry]
        order[place[sample]] = entry
        place[sample] += 1


@compiled
def add_counts(
    begins: NDArray[np.int64],
    rows: NDArray[np.int32],
    drawn: NDArray[np.uint8],
    member: NDArray[np.int64],
    sums: NDArray[np.int32],
) -> None:
    """Add each sample's weights to the sums that it counts in.

    Args:
        begins: Where each sample's entries begin, shape (n + 1,).
        rows: The sum of each entry.
        drawn: Weights of the groups, shape (g, LANES).
        member: Group of each sample, shape (n,).
        sums: Is added to, shape (sums, LANES).
    """
    for sample in range(len(member)):
        group = member[sample]
        for entry in range(begins[sample], begins[sample + 1]):
            row = rows[entry]
            for lane in range(LANES):
                sums[row, lane] += drawn[group, lane]


@compiled
def add_amounts(
    begins: NDArray[np.int64],
    rows: NDArray[np.int32],
    amounts: NDArray[np.float64],
    drawn: NDArray[np.uint8],
    member: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Add each sample's amounts, weighted, to their sums; see :func:`add_counts`."""
    for sample in range(len(member)):
        group = member[sample]
        for entry in range(begins[sample], begins[sample + 1]):
            row, amount = rows[entry], amounts[entry]
            for lane in range(LANES):
                sums[row, lane] += amount * drawn[group, lane]

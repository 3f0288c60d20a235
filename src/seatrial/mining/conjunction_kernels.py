"""The loop that counts samples and errors in every combination of cells, compiled on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["count_cells", "fold"]


@compiled
def count_cells(
    keys: NDArray[np.int32],
    cells: NDArray[np.uint8],
    width: int,
    errors: NDArray[np.float64],
    sizes: NDArray[np.int64],
    sums: NDArray[np.float64],
) -> None:
    """Count the rows of each combination, and add up their errors.

    Args:
        keys: Combination of the attributes before, shape (n,).
        cells: Cell of one more attribute, shape (n,).
        width: How many cells that has.
        errors: Shape (n,).
        sizes: Takes the counts, shape (combinations × width,).
        sums: Takes the sums of errors.
    """
    for row in range(len(keys)):
        key = keys[row] * width + cells[row]
        sizes[key] += 1
        sums[key] += errors[row]


@compiled
def fold(keys: NDArray[np.int32], cells: NDArray[np.uint8], width: int, folded: NDArray[np.int32]) -> None:
    """Join one more attribute to combinations; ``folded`` takes the new ones, shape (n,)."""
    for row in range(len(keys)):
        folded[row] = keys[row] * width + cells[row]

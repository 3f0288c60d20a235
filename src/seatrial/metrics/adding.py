"""Many sums over samples under many weights, in one pass over the samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LANES", "Adding"]

#: Replicates that are added side by side: their 32-bit sums fill one cache line.
LANES = 16


@dataclass(frozen=True, slots=True)
class Adding:
    """What each sample adds to which sums, sample after sample.

    The sums of all slices and models stand one below the other, so that one pass over the samples makes all
    of them. What adds one (a count) is kept apart from what adds any other amount: counts need no
    floating-point numbers.

    Attributes:
        height: How many sums there are.
        counts: Where each sample's counts begin in ``counted``, shape (n + 1,).
        counted: Sums to which one is added.
        parts: Where each sample's amounts begin in ``added``, shape (n + 1,).
        added: Sums to which an amount is added.
        amounts: The amounts.
    """

    height: int
    counts: NDArray[np.int64]
    counted: NDArray[np.int32]
    parts: NDArray[np.int64]
    added: NDArray[np.int32]
    amounts: NDArray[np.float64]

    @classmethod
    def of(cls, matrices: Sequence[tuple[Any, NDArray[np.int64]]], size: int) -> "Adding":
        """Put sums one below the other.

        Args:
            matrices: Sparse sums in rows, shape (k, m), with the sample of each column, shape (m,).
            size: How many samples there are.
        """
        counted: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
        added: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
        amounts: list[NDArray[np.float64]] = []
        height = 0
        for matrix, index in matrices:
            rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int32) + height, np.diff(matrix.indptr))
            samples = index.astype(np.int32)[matrix.indices]
            height += matrix.shape[0]
            if np.all(matrix.data == 1):
                counted.append((samples, rows))
            else:
                added.append((samples, rows))
                amounts.append(matrix.data)
        counts, order, to = _by_sample(counted, size)
        counted_rows = to[order]
        parts, order, to = _by_sample(added, size)
        amount = np.concatenate([np.empty(0), *amounts])[order]
        return cls(height, counts, counted_rows, parts, to[order], amount)

    def sums(self, drawn: NDArray[np.uint8], member: NDArray[np.int64], out: NDArray[np.float64]) -> None:
        """Add up under the weights of a few replicates.

        Each replicate's sums add one sample after the other, as the product with a sparse matrix does, and
        are the same to the last bit.

        Args:
            drawn: Weights of the groups, shape (g, LANES).
            member: Group of each sample, shape (n,).
            out: Takes the sums, shape (height, r), r at most LANES.
        """
        from seatrial.metrics.kernels import add_amounts, add_counts

        size = out.shape[1]
        counts = np.zeros((self.height, LANES), dtype=np.int32)
        add_counts(self.counts, self.counted, drawn, member, counts)
        if len(self.added) == 0:
            out[:] = counts[:, :size]
            return
        sums = counts.astype(np.float64)
        add_amounts(self.parts, self.added, self.amounts, drawn, member, sums)
        out[:] = sums[:, :size]


def _by_sample(
    entries: Sequence[tuple[NDArray[np.int32], NDArray[np.int32]]], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Give where each sample's entries begin, the order that brings them together, and their rows."""
    from seatrial.metrics.kernels import order_by_sample

    empty = np.empty(0, dtype=np.int32)
    samples = np.concatenate([empty, *(one for one, _ in entries)])
    rows = np.concatenate([empty, *(row for _, row in entries)])
    begins = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(samples, minlength=size), out=begins[1:])
    order = np.empty(len(samples), dtype=np.int64)
    order_by_sample(samples, begins[:-1].copy(), order)
    return begins, order, rows

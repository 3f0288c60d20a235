"""Areas under the ROC curves of many slices under many weights, in one pass over each order of samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import in_threads
from seatrial.metrics.classification import ClassificationSamples

__all__ = ["LANES", "Memberships", "Ranking"]

#: Replicates that are worked on side by side: an order leads all over the memory, a visit must be worth it.
LANES = 256


@dataclass(frozen=True, slots=True)
class Memberships:
    """Which slices each sample is in.

    Attributes:
        count: How many slices there are.
        begins: Where each sample's slices begin in ``slices``, int64, shape (n + 1,).
        slices: Numbers of slices, int32.
    """

    count: int
    begins: NDArray[np.int64]
    slices: NDArray[np.int32]

    @classmethod
    def of(cls, indices: Sequence[NDArray[np.int64]], size: int) -> "Memberships":
        """Turn the samples of each slice, each once, into the slices of each of ``size`` samples."""
        begins = np.zeros(size + 1, dtype=np.int64)
        for index in indices:
            begins[index + 1] += 1
        np.cumsum(begins, out=begins)
        place, slices = begins[:-1].copy(), np.empty(begins[-1], dtype=np.int32)
        for number, index in enumerate(indices):
            slices[place[index]] = number
            place[index] += 1
        return cls(len(indices), begins, slices)


@dataclass(frozen=True, slots=True)
class Ranking:
    """All samples in the order of their score for each of some classes.

    Attributes:
        order: Numbers of samples, ascending by score, int32, shape (k, n).
        marks: Of the sample at each place, uint8, shape (k, n): bit 0 is set where it is of the class, bit 1
            where its score is that of the place before.
    """

    order: NDArray[np.int32]
    marks: NDArray[np.uint8]

    @classmethod
    def of(cls, samples: ClassificationSamples, codes: Sequence[int]) -> "Ranking":
        """Sort the samples by the score of each class; scores are known."""
        scores = samples.scores
        assert scores is not None
        size = (len(codes), len(samples))
        order, marks = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.uint8)

        def sort(place: int) -> None:
            of_class = scores[:, codes[place]]
            order[place] = np.argsort(of_class, kind="stable")
            ordered = of_class[order[place]]
            marks[place] = samples.truth[order[place]] == codes[place]
            marks[place, 1:] |= (ordered[1:] == ordered[:-1]).astype(np.uint8) << 1

        in_threads(sort, range(len(codes)))
        return cls(order, marks)

    def areas(
        self, memberships: Memberships, drawn: NDArray[np.uint8], member: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Compute the area of each slice and class under the weights of a few replicates.

        All that is added up are whole numbers below 2⁵³, so that no order of summation matters: the areas
        are those of :class:`~seatrial.metrics.auroc.RankedClasses` to the last bit.

        Args:
            memberships: Of the same samples.
            drawn: Weights of the groups, shape (g, LANES).
            member: Group of each sample, shape (n,).

        Returns:
            Shape (slices, k, LANES); NaN where a slice holds no sample of the class, or no other.
        """
        from seatrial.metrics.ranking_kernels import add_pairs

        result = np.empty((memberships.count, len(self.order), LANES))

        def add(place: int) -> None:
            won = np.zeros((memberships.count, LANES), dtype=np.int64)
            hits = np.zeros((memberships.count, LANES), dtype=np.int32)
            below = np.zeros((memberships.count, LANES), dtype=np.int32)
            order, marks = self.order[place], self.marks[place]
            add_pairs(order, marks, memberships.begins, memberships.slices, drawn, member, won, hits, below)
            pairs = hits * (below / 2)
            result[:, place] = np.divide(won / 2, pairs, out=np.full(won.shape, np.nan), where=pairs > 0)

        in_threads(add, range(len(self.order)))
        return result

"""Which predictions meet which truths, and by how much they overlap."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.objects import Predictions, Truths

__all__ = ["Meetings", "Overlaps"]

#: IoUs that are held at the same time.
_CELLS = 2**24

#: A height and width that any run-length code fits: masks of one image are of one size, and then neither
#: their areas nor their intersection depends on where the columns end.
_ANY_SIZE = (1, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The IoUs of some groups.

    Attributes:
        groups: First prediction, end, first truth, end of each group, int64, shape (g, 4): places in
            the order of :class:`Meetings`.
        offsets: Where each group's matrix (predictions, truths) begins, int64, shape (g,).
        ious: The matrices, one after the other, float64.
    """

    groups: NDArray[np.int64]
    offsets: NDArray[np.int64]
    ious: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Meetings:
    """Predictions and truths put in groups that can meet: of one image, or of one image and class.

    Attributes:
        predictions: In the order of the groups and then of falling score; equal scores as given, int64,
            shape (p,).
        truths: In the order of the groups, int64, shape (t,).
        groups: First prediction, end, first truth, end of each group that holds both, int64, shape (g, 4).
        rank: Place of each prediction in its group, from 0, in the order of ``predictions``, int64,
            shape (p,).
    """

    predictions: NDArray[np.int64]
    truths: NDArray[np.int64]
    groups: NDArray[np.int64]
    rank: NDArray[np.int64]

    @classmethod
    def of(
        cls, predicted: NDArray[np.int64], scores: NDArray[np.float64], true: NDArray[np.int64]
    ) -> "Meetings":
        """Group by keys: those of the predictions, with their scores, shape (p,), and of the truths, (t,)."""
        predictions, truths = np.lexsort((-scores, predicted)), np.argsort(true, kind="stable")
        keys, first, count = _runs(predicted[predictions])
        others, begin, others_count = _runs(true[truths])
        _, mine, theirs = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
        groups = np.stack(
            [
                first[mine],
                first[mine] + count[mine],
                begin[theirs],
                begin[theirs] + others_count[theirs],
            ],
            axis=1,
        )
        rank = np.arange(len(predicted)) - np.repeat(first, count)
        return cls(predictions, truths, groups, rank)

    def overlaps(self, predictions: Predictions, truths: Truths) -> Iterator[Overlaps]:
        """Give the IoUs of all groups, a bounded number at a time; relative to the prediction for crowds."""
        cells = (self.groups[:, 1] - self.groups[:, 0]) * (self.groups[:, 3] - self.groups[:, 2])
        batch = np.cumsum(cells) // _CELLS
        for number in np.unique(batch).tolist():
            chosen = np.flatnonzero(batch == number)
            groups = self.groups[chosen]
            ends = np.cumsum(cells[chosen])
            offsets = ends - cells[chosen]
            ious = np.zeros(int(ends[-1]))
            if predictions.mask is None:
                self._boxes(predictions, truths, groups, offsets, ious)
            else:
                self._masks(predictions, truths, groups, offsets, ious)
            yield Overlaps(groups, offsets, ious)

    def _boxes(
        self,
        predictions: Predictions,
        truths: Truths,
        groups: NDArray[np.int64],
        offsets: NDArray[np.int64],
        ious: NDArray[np.float64],
    ) -> None:
        from seatrial.metrics.detection.matching_kernels import box_ious

        crowd = truths.crowd[self.truths]
        box_ious(predictions.box[self.predictions], truths.box[self.truths], crowd, groups, offsets, ious)

    def _masks(
        self,
        predictions: Predictions,
        truths: Truths,
        groups: NDArray[np.int64],
        offsets: NDArray[np.int64],
        ious: NDArray[np.float64],
    ) -> None:
        from pycocotools.mask import iou

        assert predictions.mask is not None
        assert truths.mask is not None
        for (first, last, begin, end), place in zip(groups.tolist(), offsets.tolist(), strict=True):
            mine, theirs = self.predictions[first:last].tolist(), self.truths[begin:end].tolist()
            found = iou(
                [{"size": _ANY_SIZE, "counts": predictions.mask[one]} for one in mine],
                [{"size": _ANY_SIZE, "counts": truths.mask[one]} for one in theirs],
                truths.crowd[theirs].astype(np.uint8).tolist(),
            )
            ious[place : place + len(mine) * len(theirs)] = np.asarray(found).ravel()


def _runs(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give each key of a sorted array, where it begins, and how often it stands there."""
    found, first, count = np.unique(keys, return_index=True, return_counts=True)
    return found, first.astype(np.int64), count.astype(np.int64)

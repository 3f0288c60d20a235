"""TIDE: what kind of error each prediction is, and what each kind costs.

Bolya, Foley, Hays, Hoffman (2020), TIDE: A General Toolbox for Identifying Object Detection Errors, ECCV,
section 2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.counted import mean_over_classes
from seatrial.metrics.detection.matching import MAX_DETECTIONS, Matched
from seatrial.metrics.detection.objects import Predictions, Truths
from seatrial.metrics.detection.overlap import Meetings

__all__ = ["BACKGROUND_IOU", "FOREGROUND_IOU", "KINDS", "DetectionError", "Tide"]

#: Least IoU of a find, and of what is near an object at all.
FOREGROUND_IOU, BACKGROUND_IOU = 0.5, 0.1

#: Types of error in the paper's order.
KINDS = ("classification", "localization", "both", "duplicate", "background", "missed")

_CLASSIFICATION, _LOCALIZATION, _BOTH, _DUPLICATE, _BACKGROUND, _MISSED = range(len(KINDS))


@dataclass(frozen=True, slots=True)
class DetectionError:
    """One type of error.

    Attributes:
        kind: One of :data:`KINDS`.
        count: Predictions of the type, or truths that are missed.
        delta_ap: How much AP50 would gain if an oracle mended these errors alone, in [0, 1]; None where no
            truth counts.
    """

    kind: str
    count: int
    delta_ap: float | None


@dataclass(frozen=True, slots=True)
class Tide:
    """The type of each error, and AP50 as it is and with each type mended.

    Attributes:
        kinds: Type of each prediction, a place in :data:`KINDS`, int8, shape (p,); −1 where it is no error.
        about: Number of the truth that a classification or localization error is about, int64, shape (p,);
            −1 for every other prediction.
        missed: Truths that nothing finds and that no classification or localization error is about, bool,
            shape (t,).
        counted: Truths that count, bool, shape (t,).
        truths: Ground-truth objects.
        predictions: Predicted objects.
        classes: How many classes there are.
        plain: The predictions as they are.
        mended: The predictions with each type of error but the last mended.
    """

    kinds: NDArray[np.int8]
    about: NDArray[np.int64]
    missed: NDArray[np.bool_]
    counted: NDArray[np.bool_]
    truths: Truths
    predictions: Predictions
    classes: int
    plain: "_Claims"
    mended: tuple["_Claims", ...]

    @classmethod
    def of(cls, truths: Truths, predictions: Predictions, classes: int) -> "Tide":
        """Find the type of every error, and what an oracle would make of it."""
        matched = Matched.of(truths, predictions, iou=FOREGROUND_IOU, any_class=False)
        near = _Nearest.of(truths, predictions)
        counts = matched.rank < MAX_DETECTIONS
        kinds = np.where(matched.false & counts, near.kinds(), np.int8(-1)).astype(np.int8)
        hit = matched.hit & counts
        plain = _Claims(predictions.label, hit, hit | (matched.false & counts))
        targets = {_CLASSIFICATION: near.other_truth, _LOCALIZATION: near.own_truth}
        mended = []
        for kind in range(_MISSED):
            wrong = kinds == kind
            if kind in targets:
                mended.append(_mend(plain, wrong, targets[kind], matched.truth, truths, predictions))
            else:
                mended.append(_Claims(plain.label, plain.hit, plain.kept & ~wrong))
        about = np.full(len(predictions), -1, dtype=np.int64)
        for kind, target in targets.items():
            about[kinds == kind] = target[kinds == kind]
        missed = ~truths.ignored
        missed[matched.truth[hit]] = False
        missed[about[about >= 0]] = False
        return cls(kinds, about, missed, ~truths.ignored, truths, predictions, classes, plain, tuple(mended))

    def errors(self, weights: NDArray[np.int64]) -> list[DetectionError]:
        """Count the errors on images that count so many times, shape (n,), and what they cost."""
        of_truths, of_predictions = weights[self.truths.image], weights[self.predictions.image]
        before = self._ap50(self.plain, self.counted, weights)
        result = []
        for kind, name in enumerate(KINDS):
            if kind == _MISSED:
                count = of_truths[self.missed].sum()
                after = self._ap50(self.plain, self.counted & ~self.missed, weights)
            else:
                count = of_predictions[self.kinds == kind].sum()
                after = self._ap50(self.mended[kind], self.counted, weights)
            delta = None if before is None else (1.0 if after is None else after) - before
            result.append(DetectionError(name, int(count), delta))
        return result

    def _ap50(
        self, claims: "_Claims", counted: NDArray[np.bool_], weights: NDArray[np.int64]
    ) -> float | None:
        """Compute AP50 of claims; None where no truth counts."""
        from seatrial.metrics.detection.precision_kernels import average_precisions

        kept = np.flatnonzero(claims.kept)
        label, image = claims.label[kept], self.predictions.image[kept]
        order = np.lexsort((image, -self.predictions.score[kept], label))
        hits = claims.hit[kept][order].astype(np.uint16)
        amounts = weights[self.truths.image[counted]].astype(np.float64)
        sums = np.bincount(self.truths.label[counted], amounts, minlength=self.classes)
        positives = sums.astype(np.float64)[:, None]
        values = np.empty((self.classes, 1, 1))
        average_precisions(
            image[order],
            hits,
            np.zeros_like(hits),
            np.searchsorted(label[order], np.arange(self.classes + 1)).astype(np.int64),
            np.arange(self.classes),
            np.zeros(1, dtype=np.int64),
            weights[:, None].astype(np.float64),
            positives,
            values,
        )
        mean = float(mean_over_classes(values[:, 0], positives > 0)[0])
        return None if np.isnan(mean) else mean


@dataclass(frozen=True, slots=True)
class _Claims:
    """Predictions as an oracle leaves them: their classes, which find a truth, and which are left."""

    label: NDArray[np.int32]
    hit: NDArray[np.bool_]
    kept: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Nearest:
    """The truth that each prediction overlaps most, of its own class and of the others; −1 where none."""

    own: NDArray[np.float64]
    own_truth: NDArray[np.int64]
    other: NDArray[np.float64]
    other_truth: NDArray[np.int64]

    @classmethod
    def of(cls, truths: Truths, predictions: Predictions) -> "_Nearest":
        from seatrial.metrics.detection.matching_kernels import nearest

        meetings = Meetings.of(
            predictions.image.astype(np.int64), predictions.score, truths.image.astype(np.int64)
        )
        size = len(predictions)
        ious, found = np.zeros((2, size)), np.full((2, size), -1, dtype=np.int64)
        for part in meetings.overlaps(predictions, truths):
            nearest(
                part.ious,
                part.groups,
                part.offsets,
                predictions.label[meetings.predictions],
                truths.label[meetings.truths],
                truths.ignored[meetings.truths],
                ious,
                found,
            )
        back = np.empty(size, dtype=np.int64)
        back[meetings.predictions] = np.arange(size)
        truth = np.where(found >= 0, meetings.truths[found] if len(truths) else found, -1)
        return cls(ious[0, back], truth[0, back], ious[1, back], truth[1, back])

    def kinds(self) -> NDArray[np.int8]:
        """Say what type of error each would be, were it a false positive."""
        return np.select(
            [
                (self.own >= BACKGROUND_IOU) & (self.own < FOREGROUND_IOU),
                self.other >= FOREGROUND_IOU,
                self.own >= FOREGROUND_IOU,
                self.other >= BACKGROUND_IOU,
            ],
            [_LOCALIZATION, _CLASSIFICATION, _DUPLICATE, _BOTH],
            _BACKGROUND,
        ).astype(np.int8)


def _mend(
    plain: _Claims,
    wrong: NDArray[np.bool_],
    target: NDArray[np.int64],
    found: NDArray[np.int64],
    truths: Truths,
    predictions: Predictions,
) -> _Claims:
    """Let each wrong prediction find its target; of all that claim one truth, the best score stays."""
    claimed = np.where(wrong, target, found)
    claimants = np.flatnonzero(wrong | plain.hit)
    best_first = claimants[np.lexsort((wrong[claimants], -predictions.score[claimants]))]
    _, first = np.unique(claimed[best_first], return_index=True)
    hit = np.zeros(len(wrong), dtype=np.bool_)
    hit[best_first[first]] = True
    label = predictions.label.copy()
    label[wrong] = truths.label[target[wrong]]
    left = plain.kept.copy()
    left[claimants] = hit[claimants]
    return _Claims(label, hit, left)

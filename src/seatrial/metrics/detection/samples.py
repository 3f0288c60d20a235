"""What a detector did on each annotated image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics.calibration import diagram
from seatrial.metrics.detection.chosen import Chosen
from seatrial.metrics.detection.matching import MAX_DETECTIONS, Matched, Ranked
from seatrial.metrics.detection.objects import Geometry, Predictions, Truths, read_objects
from seatrial.metrics.detection.tide import DetectionError, Tide
from seatrial.metrics.saliency import read_off_core, saliency_groups
from seatrial.metrics.sufficient import Group

__all__ = ["DetectionSamples"]

#: Lowest score above which predictions seem to have been cut at a threshold.
CUT = 0.1


@dataclass(frozen=True)
class DetectionSamples:
    """Truths and predictions of n annotated images.

    Attributes:
        size: n.
        classes: Class names in the order of the model's outputs.
        truths: Ground-truth objects.
        predictions: Predicted objects.
        score: Operating point: least score of a prediction that counts.
        iou: Operating point: least IoU at which a prediction finds a truth.
        false_positives: Whether false positives are known; an object-level slice by an attribute that only
            truths have has none.
        off_core: Share of each image's saliency outside of the core, float64, shape (n,), in [0, 1], NaN
            where unknown; None where nothing was explained.
    """

    size: int
    classes: tuple[str, ...]
    truths: Truths
    predictions: Predictions
    score: float = 0.5
    iou: float = 0.5
    false_positives: bool = True
    off_core: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return self.size

    @classmethod
    def from_evaluation(
        cls, table: EvaluationTable, *, geometry: Geometry = "box", score: float = 0.5, iou: float = 0.5
    ) -> tuple["DetectionSamples", NDArray[np.int64]]:
        """Take the annotated images of an evaluation.

        Args:
            table: The evaluation.
            geometry: Whether boxes or masks overlap.
            score: See the class.
            iou: See the class.

        Returns:
            The samples, and the row number (from 0) of each in ``table``, ascending.

        Raises:
            InputError: The evaluation is of another task, or an object's class, box, score or mask cannot be
                used; the message names row (from 1), image and column.
        """
        if table.header.task != "detection":
            raise InputError(f"{table.header.model}: expected a detection, got {table.header.task}")
        annotated = np.asarray(table.samples.column("annotated").to_numpy(), dtype=np.bool_)
        rows = np.flatnonzero(annotated).astype(np.int64)
        truths, predictions = read_objects(table, rows, geometry)
        off_core = read_off_core(table, rows)
        classes = table.header.classes
        return cls(len(rows), classes, truths, predictions, score, iou, off_core=off_core), rows

    def at_objects(self, members: NDArray[np.bool_], *, false_positives: bool) -> "DetectionSamples":
        """Look at some of the objects, on the same images.

        The other truths neither reward nor punish: they are matched after the chosen ones, and what finds
        them is ignored. A prediction that finds no truth counts as a false positive if it is chosen.

        Args:
            members: Which rows of the evaluation's objects are chosen, truths and predictions, bool.
            false_positives: Whether ``members`` says which false positives belong to the slice; if not,
                metrics that rest on them have no value.

        Returns:
            Samples whose metrics are those of the chosen objects.
        """
        truths, predictions = self.truths, self.predictions
        return replace(
            self,
            truths=replace(truths, ignored=truths.ignored | ~members[truths.row]),
            predictions=replace(predictions, member=predictions.member & members[predictions.row]),
            false_positives=self.false_positives and false_positives,
            off_core=None,  # it is of whole images
        )

    def groups(self, index: NDArray[np.int64], metrics: Sequence[str], *, per_class: bool) -> list[Group]:
        """Prepare metrics on some of the images, see :class:`~seatrial.metrics.sufficient.Samples`."""
        from seatrial.metrics.detection.operating import OPERATING, OperatingPoint
        from seatrial.metrics.detection.precision import PRECISIONS, AveragePrecisions
        from seatrial.metrics.detection.recall import RECALLS, AverageRecalls

        chosen = Chosen.of(index, len(self))
        groups: list[Group] = []
        precisions = [name for name in metrics if name in PRECISIONS]
        if precisions:
            groups.append(AveragePrecisions(self, chosen, precisions, per_class=per_class))
        recalls = [name for name in metrics if name in RECALLS]
        if recalls:
            groups.append(AverageRecalls(self, chosen, recalls, per_class=per_class))
        operating = [name for name in metrics if name in OPERATING]
        if operating:
            groups.append(OperatingPoint(self, chosen, operating, per_class=per_class))
        return groups + saliency_groups(self.off_core, index, metrics)

    def confusion(self, index: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Count what was taken for what at the operating point.

        Predictions of at least the operating point's score are matched to truths of any class, best score
        first. The code after the last class stands for background: a truth that nothing finds is taken for
        it, and every prediction that finds nothing was it. What finds an ignored truth is left out.

        Args:
            index: Which of the images, shape (m,).

        Returns:
            (truth code, prediction code, count) of every pair that occurs, sorted by truth, then prediction.
        """
        truth, prediction, image = self._pairs
        counts = np.bincount(index, minlength=len(self))[image]
        size = len(self.classes) + 1
        cells = np.bincount(truth * size + prediction, weights=counts, minlength=size * size)
        found = np.flatnonzero(cells)
        return [(cell // size, cell % size, int(cells[cell])) for cell in found.tolist()]

    def errors(self, index: NDArray[np.int64]) -> list[DetectionError]:
        """Count the errors of each of TIDE's six types, and what each costs.

        Args:
            index: Which of the images, shape (m,).

        Returns:
            One for each type, in the paper's order; empty where false positives are not known.
        """
        if not self.false_positives:
            return []
        return self.tide.errors(np.bincount(index, minlength=len(self)))

    def calibration(self, index: NDArray[np.int64]) -> list[dict[str, Any]]:
        """Compare the score of predictions with their precision at the operating point's IoU, bin by bin.

        All predictions are compared, whatever their score; those that find an ignored truth are left out.

        Args:
            index: Which of the images, shape (m,).

        Returns:
            See :func:`seatrial.metrics.reliability`; ``accuracy`` is the precision.
        """
        counts = np.bincount(index, minlength=len(self))[self.predictions.image]
        judged = np.repeat(np.arange(len(counts)), np.where(self.operating.judged, counts, 0))
        return diagram(self.predictions.score[judged], self.operating.hit[judged])

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """Count each class's truths that count and predictions at the operating point, shape (2, K)."""
        size = len(self.classes)
        there = self.truths.label[~self.truths.ignored]
        said = self.predictions.label[self.predictions.score >= self.score]
        return np.stack([np.bincount(there, minlength=size), np.bincount(said, minlength=size)])

    def saturated(self, index: NDArray[np.int64]) -> int:
        """Count the images in which a class has more predictions than COCO counts (100)."""
        beyond = np.unique(self.predictions.image[self.operating.rank >= MAX_DETECTIONS])
        return int(np.isin(index, beyond).sum())

    @property
    def lowest_score(self) -> float | None:
        """Give the least score of any prediction; None where there is none."""
        return float(self.predictions.score.min()) if len(self.predictions) else None

    def warnings(self) -> tuple[str, ...]:
        """Say what makes COCO's numbers misleading on these predictions."""
        found = []
        lowest = self.lowest_score
        if lowest is not None and lowest > CUT:
            found.append(
                f"no prediction has a score below {lowest:.3g}: they seem cut at a threshold, "
                "which lowers average precision and recall; keep predictions of low scores"
            )
        if lowest is not None and len(self.predictions) > 1 and lowest == float(self.predictions.score.max()):
            found.append("all scores are equal: predictions cannot be ranked, average precision means little")
        full = self.saturated(np.arange(len(self)))
        if full:
            found.append(
                f"in {full} of {len(self)} images a class has more than {MAX_DETECTIONS} predictions: "
                f"average precision and recall see the best {MAX_DETECTIONS} alone"
            )
        return tuple(found)

    @cached_property
    def ranked(self) -> Ranked:
        """Predictions matched and sorted as COCO does."""
        return Ranked.of(self.truths, self.predictions, len(self.classes))

    @cached_property
    def tide(self) -> Tide:
        """What is wrong with each prediction, and which truths are missed."""
        return Tide.of(self.truths, self.predictions, len(self.classes))

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Give truth code, prediction code and image of everything that a confusion matrix counts."""
        background = len(self.classes)
        truths, predictions = self.truths, self.predictions
        met = Matched.of(truths, predictions, iou=self.iou, any_class=True)
        said = predictions.score >= self.score
        hit, false = np.flatnonzero(met.hit & said), np.flatnonzero(met.false & said)
        if not self.false_positives:
            false = false[:0]
        missed = ~truths.ignored
        missed[met.truth[hit]] = False
        absent = np.flatnonzero(missed)
        return (
            np.concatenate(
                [truths.label[met.truth[hit]], np.full(len(false), background), truths.label[absent]]
            ).astype(np.int64),
            np.concatenate(
                [predictions.label[hit], predictions.label[false], np.full(len(absent), background)]
            ).astype(np.int64),
            np.concatenate([predictions.image[hit], predictions.image[false], truths.image[absent]]),
        )

    @cached_property
    def operating(self) -> Matched:
        """Predictions matched within their class at the operating point's IoU, whatever their scores."""
        return Matched.of(self.truths, self.predictions, iou=self.iou, any_class=False)

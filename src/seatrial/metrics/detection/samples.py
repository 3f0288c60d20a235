"""What a detector did on each annotated image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics.detection.chosen import Chosen
from seatrial.metrics.detection.matching import Matched, Ranked
from seatrial.metrics.detection.objects import Geometry, Predictions, Truths, read_objects
from seatrial.metrics.sufficient import Group

__all__ = ["DetectionSamples"]


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
    """

    size: int
    classes: tuple[str, ...]
    truths: Truths
    predictions: Predictions
    score: float = 0.5
    iou: float = 0.5
    false_positives: bool = True

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
        return cls(len(rows), table.header.classes, truths, predictions, score, iou), rows

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
        )

    def groups(self, index: NDArray[np.int64], metrics: Sequence[str], *, per_class: bool) -> list[Group]:
        """Prepare metrics on some of the images, see :class:`~seatrial.metrics.sufficient.Samples`."""
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
        return groups

    @cached_property
    def ranked(self) -> Ranked:
        """Predictions matched and sorted as COCO does."""
        return Ranked.of(self.truths, self.predictions, len(self.classes))

    @cached_property
    def operating(self) -> Matched:
        """Predictions matched within their class at the operating point's IoU, whatever their scores."""
        return Matched.of(self.truths, self.predictions, iou=self.iou, any_class=False)

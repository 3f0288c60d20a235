"""What can fail, one row each: samples of a classifier, objects of a detector, images of a segmenter."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics import ClassificationSamples, DetectionSamples, SegmentationSamples
from seatrial.slices import MeasureOptions
from seatrial.slices.comparison import drawn_together
from seatrial.slices.report import BACKGROUND

__all__ = ["KINDS", "Failures"]

#: What is wrong with a unit; the first is nothing. For detection, TIDE's six.
KINDS = (
    "right",
    "confused",
    "badly placed",
    "confused and badly placed",
    "duplicate",
    "background",
    "missed",
    "low IoU",
)

_RIGHT, _CONFUSED, _PLACED, _DUPLICATE, _MISSED, _LOW = 0, 1, 2, 4, 6, 7

#: The share of a segmenter's images that count as failures where no bound is given.
WORST_IMAGES = 0.2


@dataclass(frozen=True)
class Failures:
    """The units of an evaluation that carry a truth, and which of them the model has wrong.

    A unit is a sample (classification), an image (segmentation) or an object (detection): each true object
    that counts, whether it is found or not, and each false positive at the operating point that does not
    explain why a truth is not found.

    Attributes:
        task: The task.
        classes: Class names; the code after the last stands for background.
        id: Id of each unit's image, str objects, shape (n,). Objects of one image share it.
        row: Row of its image in the evaluation's ``samples``, int64, shape (n,), ascending.
        object: Row in the evaluation's ``objects``: of a true object, or of a prediction that is none; int64,
            shape (n,). None unless units are objects.
        error: Whether the model has it wrong, bool, shape (n,).
        loss: How wrong, float64, shape (n,), not negative. Classification: cross-entropy in nats, or 0 and 1
            without scores. Detection: one minus the score of the prediction that finds the truth, whatever it
            is; for what is nothing, the score. Segmentation: one minus the image's mean IoU.
        truth: Code of the true class, int32, shape (n,); of background for what is nothing. Segmentation: of
            the classes that most pixels are mistaken between.
        prediction: Code of what it was taken for, int32, shape (n,); of background for what is missed.
        kind: What is wrong, places in :data:`KINDS`, int8, shape (n,).
        group: What belongs together: scene, video, patient, or else the image; str objects, shape (n,).
        boxes: x, y, width, height in pixels, float64, shape (n, 4): of the truth, or of the prediction that
            is none. None unless units are objects.
        confidence: Score of the prediction that the unit is about, float64, shape (n,); NaN where unknown.
        bound: Segmentation: images of a lower mean IoU than this are failures; None otherwise.
    """

    task: Task
    classes: tuple[str, ...]
    id: NDArray[np.object_]
    row: NDArray[np.int64]
    object: NDArray[np.int64] | None
    error: NDArray[np.bool_]
    loss: NDArray[np.float64]
    truth: NDArray[np.int32]
    prediction: NDArray[np.int32]
    kind: NDArray[np.int8]
    group: NDArray[np.object_]
    boxes: NDArray[np.float64] | None
    confidence: NDArray[np.float64]
    bound: float | None = None

    def __len__(self) -> int:
        return len(self.row)

    @property
    def level(self) -> Literal["image", "object"]:
        """What slices of these units choose."""
        return "image" if self.object is None else "object"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the codes of :attr:`truth` and :attr:`prediction`: the classes, then background."""
        return (*self.classes, BACKGROUND)

    def cell(self, unit: int) -> tuple[str, str]:
        """Name what a unit is, and what it was taken for."""
        return self.names[self.truth[unit]], self.names[self.prediction[unit]]

    def worst_first(self, units: NDArray[np.int64]) -> NDArray[np.int64]:
        """Order some of the units by their loss, the greatest first; of equals, as they are given."""
        ordered: NDArray[np.int64] = units[np.argsort(-self.loss[units], kind="stable")]
        return ordered

    def to_table(self) -> pa.Table:
        """Write the units as a table: ``id``, ``row``, ``object``, ``error``, ``loss``, ``truth``, …."""
        names = pa.array(self.names, pa.string())
        columns = {
            "id": pa.array(self.id, pa.string()),
            "row": pa.array(self.row),
            "object": pa.nulls(len(self), pa.int64()) if self.object is None else pa.array(self.object),
            "error": pa.array(self.error),
            "loss": pa.array(self.loss),
            "truth": names.take(pa.array(self.truth)),
            "prediction": names.take(pa.array(self.prediction)),
            "kind": pa.array(KINDS, pa.string()).take(pa.array(self.kind)),
            "confidence": pa.array(self.confidence, from_pandas=True),
        }
        sides = ("x", "y", "width", "height") if self.boxes is not None else ()
        for place, side in enumerate(sides):
            assert self.boxes is not None
            columns[side] = pa.array(np.ascontiguousarray(self.boxes[:, place]))
        return pa.table(columns)

    @classmethod
    def from_evaluation(
        cls,
        table: EvaluationTable,
        *,
        options: MeasureOptions | None = None,
        low_iou: float | None = None,
    ) -> "Failures":
        """Take the units of an evaluation of any task.

        Args:
            table: The evaluation; what carries no truth is left out.
            options: The operating point of a detector, and the column that groups samples.
            low_iou: Segmentation: least mean IoU of an image that is no failure, in [0, 1]; None for the
                bound below which the worst fifth of the images lies.

        Raises:
            InputError: What the evaluation holds cannot be; the message names where.
        """
        options = options or MeasureOptions()
        match table.header.task:
            case "classification":
                return _of_samples(table, options)
            case "detection":
                return _of_objects(table, options)
            case "segmentation":
                return _of_images(table, options, low_iou)


def _of_samples(table: EvaluationTable, options: MeasureOptions) -> Failures:
    samples, rows = ClassificationSamples.from_evaluation(table)
    error = samples.truth != samples.prediction
    loss = _numbers(table, "loss")[rows]
    return Failures(
        "classification",
        samples.classes,
        _ids(table)[rows],
        rows,
        None,
        error,
        np.where(np.isnan(loss), error, loss),
        samples.truth,
        samples.prediction,
        np.where(error, _CONFUSED, _RIGHT).astype(np.int8),
        _groups(table, rows, options),
        None,
        _numbers(table, "confidence")[rows],
    )


def _of_objects(table: EvaluationTable, options: MeasureOptions) -> Failures:
    samples, rows = DetectionSamples.from_evaluation(
        table, geometry=options.geometry, score=options.score, iou=options.iou
    )
    truths, predictions = samples.truths, samples.predictions
    background = len(samples.classes)
    said = predictions.score >= samples.score
    met, about = samples.operating, samples.tide.about
    # a truth is found, with the score of what finds it, be it above the operating point or not
    hits = np.flatnonzero(met.hit)
    found = np.zeros(len(truths))
    found[met.truth[hits]] = predictions.score[hits]
    missed = np.ones(len(truths), dtype=np.bool_)
    missed[met.truth[hits[said[hits]]]] = False
    # of the errors about a truth that is not found, the surest says why
    false = np.flatnonzero(met.false & said)
    kinds = (samples.tide.kinds[false] + 1).astype(np.int8)
    kinds[kinds == _RIGHT] = _PLACED  # overlaps enough for TIDE, yet less than asked for
    blamed = np.flatnonzero((about[false] >= 0) & missed[np.maximum(about[false], 0)])
    blamed = blamed[np.argsort(-predictions.score[false[blamed]], kind="stable")]
    excuses, first = np.unique(about[false[blamed]], return_index=True)
    why = blamed[first]
    kind = np.where(missed, _MISSED, _RIGHT).astype(np.int8)
    kind[excuses] = kinds[why]
    taken = np.where(missed, background, truths.label).astype(np.int32)
    taken[excuses] = predictions.label[false[why]]
    sure = np.where(missed, np.nan, found)
    sure[excuses] = predictions.score[false[why]]
    left = np.setdiff1d(np.arange(len(false)), why)
    counted, others = np.flatnonzero(~truths.ignored), false[left]
    there = (kinds[left] == _CONFUSED) & (about[others] >= 0)
    really = np.full(len(others), background, dtype=np.int32)
    really[there] = truths.label[about[others[there]]]
    image = np.concatenate([truths.image[counted], predictions.image[others]])
    order = np.argsort(image, kind="stable")

    def both(of_truths: NDArray[np.generic], of_others: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.concatenate([of_truths, of_others])[order]

    row = rows[image[order]]
    return Failures(
        "detection",
        samples.classes,
        _ids(table)[row],
        row,
        both(truths.row[counted], predictions.row[others]).astype(np.int64),
        both(missed[counted], np.ones(len(others), dtype=np.bool_)).astype(np.bool_),
        both(1 - found[counted], predictions.score[others]).astype(np.float64),
        both(truths.label[counted], really).astype(np.int32),
        both(taken[counted], predictions.label[others]).astype(np.int32),
        both(kind[counted], kinds[left]).astype(np.int8),
        _groups(table, row, options),
        both(truths.box[counted], predictions.box[others]).astype(np.float64),
        both(sure[counted], predictions.score[others]).astype(np.float64),
    )


def _of_images(table: EvaluationTable, options: MeasureOptions, low_iou: float | None) -> Failures:
    if low_iou is not None and not 0 <= low_iou <= 1:
        raise InputError(f"low_iou: expected a number from 0 to 1, got {low_iou}")
    samples, rows = SegmentationSamples.from_evaluation(table)
    image = samples.places[:, 0]
    counts = np.bincount(image, minlength=len(samples))
    seen = np.flatnonzero(counts)  # an image of void pixels alone has no truth
    iou = np.bincount(image, weights=samples.ious, minlength=len(samples))[seen] / counts[seen]
    bound = low_iou
    if bound is None:
        bound = _worst_below(iou)
    truth, prediction = _most_mistaken(samples)
    low = iou < bound
    return Failures(
        "segmentation",
        samples.classes,
        _ids(table)[rows[seen]],
        rows[seen],
        None,
        low,
        1 - iou,
        truth[seen],
        prediction[seen],
        np.where(low, _LOW, _RIGHT).astype(np.int8),
        _groups(table, rows[seen], options),
        None,
        np.full(len(seen), np.nan),
        bound,
    )


def _worst_below(iou: NDArray[np.float64]) -> float:
    """Find the bound below which the worst fifth lies; where the worst are all alike, the next value."""
    if not len(iou):
        return 0.0
    bound = np.quantile(iou, WORST_IMAGES)
    better = iou[iou > bound]
    return float(better.min() if not (iou < bound).any() and len(better) else bound)


def _most_mistaken(samples: SegmentationSamples) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Find the pair of different classes that most pixels of each image are of."""
    image, truth, prediction, pixels = samples.pairs.T
    order = np.lexsort((prediction, truth, -pixels, truth == prediction, image))
    _, first = np.unique(image[order], return_index=True)
    chosen = order[first]
    found = np.zeros((2, len(samples)), dtype=np.int32)
    found[:, image[chosen]] = truth[chosen], prediction[chosen]
    return found[0], found[1]


def _ids(table: EvaluationTable) -> NDArray[np.object_]:
    return np.array(table.samples.column("id").cast(pa.string()).to_pylist(), dtype=object)


def _groups(table: EvaluationTable, rows: NDArray[np.int64], options: MeasureOptions) -> NDArray[np.object_]:
    return np.array(drawn_together(table.samples, rows, options.group)[1]().to_pylist(), dtype=object)


def _numbers(table: EvaluationTable, column: str) -> NDArray[np.float64]:
    values = table.samples.column(column).cast(pa.float64()).fill_null(np.nan)
    return np.asarray(values.to_numpy(), dtype=np.float64)

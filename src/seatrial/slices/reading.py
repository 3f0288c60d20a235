"""From an evaluation of any task to the samples that its metrics are made of."""

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.metrics import ClassificationSamples, DetectionSamples, Samples, SegmentationSamples
from seatrial.slices.options import MeasureOptions

__all__ = ["read_samples", "true_classes"]


def read_samples(table: EvaluationTable, options: MeasureOptions) -> tuple[Samples, NDArray[np.int64]]:
    """Take the images of an evaluation that carry a truth.

    Args:
        table: The evaluation.
        options: The operating point of a detector.

    Returns:
        The samples, and the row number (from 0) of each in ``table``, ascending.

    Raises:
        InputError: What the evaluation holds cannot be; the message names where.
    """
    match table.header.task:
        case "classification":
            return ClassificationSamples.from_evaluation(table)
        case "detection":
            return DetectionSamples.from_evaluation(
                table, geometry=options.geometry, score=options.score, iou=options.iou
            )
        case "segmentation":
            return SegmentationSamples.from_evaluation(table)


def true_classes(samples: Samples, index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find the classes that are true of something in some images.

    Args:
        samples: Of any task.
        index: Which of the images, shape (m,).

    Returns:
        Class codes, ascending.
    """
    chosen = np.zeros(len(samples), dtype=np.bool_)
    chosen[index] = True
    match samples:
        case DetectionSamples(truths=truths):
            codes = truths.label[~truths.ignored & chosen[truths.image]]
        case SegmentationSamples(pairs=pairs):
            codes = pairs[chosen[pairs[:, 0]], 1]
        case ClassificationSamples(truth=truth):
            codes = truth[index]
        case _:
            raise AssertionError(f"samples of no task: {type(samples).__name__}")
    return np.unique(codes).astype(np.int64)

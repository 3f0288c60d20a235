"""Average precision as Pascal VOC defines it."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.overlap import Meetings
from seatrial.metrics.detection.samples import DetectionSamples

__all__ = ["voc_average_precision", "voc_precisions"]


def voc_precisions(
    samples: DetectionSamples,
    *,
    iou: float = 0.5,
    points: Literal["every", "eleven"] = "every",
    corner_pixels: bool = False,
) -> dict[str, float]:
    """Compute Pascal VOC's average precision of each class that has a truth.

    A prediction goes to the truth of its class and image that it overlaps most, even if a better one has it:
    then it is a false positive. What goes to a difficult truth is left out.

    Args:
        samples: Truths and predictions.
        iou: Least IoU.
        points: See :func:`voc_average_precision`.
        corner_pixels: Whether a box holds the pixels of both its corners and so is a pixel wider and higher
            than they are apart, as VOC's own program has it.

    Returns:
        Average precision by class name; its mean is VOC's mAP.
    """
    from seatrial.metrics.detection.matching_kernels import match_voc

    grown = np.array([0, 0, corner_pixels, corner_pixels])
    truths = replace(samples.truths, box=samples.truths.box + grown)
    predictions = replace(samples.predictions, box=samples.predictions.box + grown)
    of_truths = truths.label.astype(np.int64) * len(samples) + truths.image
    of_predictions = predictions.label.astype(np.int64) * len(samples) + predictions.image
    meetings = Meetings.of(of_predictions, predictions.score, of_truths)
    hits, skipped = np.zeros((2, len(predictions)), dtype=np.bool_)
    ignored = truths.ignored[meetings.truths]
    for part in meetings.overlaps(predictions, truths):
        match_voc(part.ious, part.groups, part.offsets, ignored, iou, hits, skipped)
    label, score = predictions.label[meetings.predictions], predictions.score[meetings.predictions]
    needed = np.bincount(truths.label[~truths.ignored], minlength=len(samples.classes))
    result = {}
    for code in np.flatnonzero(needed).tolist():
        of_class = np.flatnonzero((label == code) & ~skipped)
        best_first = of_class[np.argsort(-score[of_class], kind="stable")]
        result[samples.classes[code]] = voc_average_precision(
            hits[best_first], int(needed[code]), points=points
        )
    return result


def voc_average_precision(
    hits: NDArray[np.bool_], truths: int, *, points: Literal["every", "eleven"] = "every"
) -> float:
    """Compute average precision from predictions in falling order of their score.

    Args:
        hits: Which of them find a truth, bool, shape (p,).
        truths: How many truths there are, at least 1.
        points: ``"every"``: the area under the precision made to fall with recall (VOC 2010 and after);
            ``"eleven"``: the mean of the best precision at recalls 0, .1 … 1 or above (VOC 2007).

    References:
        Everingham et al. (2010), The Pascal Visual Object Classes (VOC) challenge, IJCV 88, section 4.2.
        Everingham, Winn (2012), The PASCAL VOC 2012 development kit, section 3.4.1.
    """
    found = np.cumsum(hits)
    recall, precision = found / truths, found / np.arange(1, len(hits) + 1)
    if points == "eleven":
        levels = np.arange(11) / 10
        return float(np.mean([precision[recall >= level].max(initial=0.0) for level in levels]))
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float((best * np.diff(recall, prepend=0.0)).sum())

"""Which boxes of a detection are doubted: swapped classes, badly placed boxes, overlooked objects."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.objects import Predictions, Truths

__all__ = ["BoxDoubts", "doubt_boxes", "usual_scores"]

#: Fall of similarity with the distance of centres: ObjectLab's at boxes of 50 pixels.
_NEARNESS = 5.0

#: Overlap from which on a prediction is of the truth that it lies on.
_SAME = 0.5

#: A class counts as having had so many more objects with the scores of all classes.
_PRIOR = 5

#: Scores of what is found are never taken to be nearer to 0 and 1.
_LEAST_SURE = 0.01

#: How steeply a prediction without truth counts in the quality of its image: one half at a standard deviation
#: below the usual score, .95 at the usual one.
_STEEPNESS = 3.0

#: ObjectLab's temperature and floor, with which an image's boxes become one number.
_TEMPERATURE, _FLOOR = 0.1, 1e-3


@dataclass(frozen=True, slots=True)
class BoxDoubts:
    """How much each box is doubted, in [0, 1].

    Attributes:
        swapped: That a truth is of another class, shape (t,).
        swapped_by: Prediction that says of which; −1 where none does, or its own class is as likely,
            shape (t,).
        badly_placed: That a truth should lie elsewhere, shape (t,).
        placed_by: Prediction that says where, −1 where none does, shape (t,).
        overlooked: That a prediction is of an object without truth, shape (p,).
        quality: Of each image's annotations, shape (images,), in [0, 1]; lower is worse.
    """

    swapped: NDArray[np.float64]
    swapped_by: NDArray[np.int64]
    badly_placed: NDArray[np.float64]
    placed_by: NDArray[np.int64]
    overlooked: NDArray[np.float64]
    quality: NDArray[np.float64]


def doubt_boxes(truths: Truths, predictions: Predictions, images: int, classes: int) -> BoxDoubts:
    """Hold truths against predictions.

    As ObjectLab (Tkachenko et al. 2023, https://arxiv.org/abs/2309.00832) asks, but free of scale, and with
    what "sure" means taken from the detector itself, class by class (:func:`usual_scores`):

    - *swapped*: a sure prediction of another class lies on the truth;
    - *badly placed*: the prediction of its class that is of this truth lies beside it;
    - *overlooked*: a sure prediction lies on no truth.

    What was measured: on generated scenes and on blood cells these rank images at least as well as ObjectLab
    with a detector of high scores, and far better with one of middling scores, of which ObjectLab's fixed
    thresholds see nothing.

    Args:
        truths: Ground-truth objects; what is ignored is not doubted, but covers predictions.
        predictions: Predicted objects.
        images: How many images there are.
        classes: How many classes there are.
    """
    from seatrial.quality.label_errors.box_kernels import compare_boxes, cover_predictions

    mine, theirs = (np.argsort(one.image, kind="stable") for one in (truths, predictions))
    boxes = (
        _starts(truths.image, images),
        _starts(predictions.image, images),
        truths.box[mine],
        truths.label[mine],
        truths.crowd[mine],
        predictions.box[theirs],
        predictions.label[theirs],
    )
    score, label = predictions.score[theirs], predictions.label[theirs]
    covered, found = np.zeros(len(predictions)), np.zeros(len(truths))
    cover_predictions(*boxes, score, _SAME, covered, found)
    judged = ~truths.ignored[mine]
    usual, spread = (one[label] for one in usual_scores(boxes[3][judged], found[judged], classes))
    trust = np.minimum(score / np.maximum(usual - spread, _LEAST_SURE), 1.0)
    count = len(truths)
    own, placed, other = np.zeros(count), np.full(count, -1.0), np.zeros(count)
    placed_by, other_by = (np.full(count, -1, dtype=np.int64) for _ in range(2))
    compare_boxes(*boxes, trust, _NEARNESS, own, placed, placed_by, other, other_by)
    swapped = np.where(judged, other.clip(0.0, 1.0), 0.0)
    other_by[own >= other] = -1  # its class is confirmed
    beside = judged & (placed_by >= 0)
    badly = np.zeros(count)
    badly[beside] = trust[placed_by[beside]] * (1 - placed[beside]).clip(0.0, 1.0)
    alone = 1 - np.minimum(covered / _SAME, 1.0)
    rising = 1 / (1 + np.exp(-_STEEPNESS * ((score - usual) / spread + 1)))
    of_truths, of_predictions = truths.image[mine], predictions.image[theirs]
    parts = ((of_truths, swapped), (of_truths, badly), (of_predictions, rising * alone))
    back, forth = np.argsort(mine), np.argsort(theirs)
    origin = np.append(theirs, -1)  # −1 stays what it is
    return BoxDoubts(
        swapped[back],
        origin[other_by[back]],
        badly[back],
        origin[placed_by[back]],
        (_sureness(score, usual) * alone)[forth],
        _quality(images, *parts),
    )


def usual_scores(
    labels: NDArray[np.int32], found: NDArray[np.float64], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the scores that objects of each class are found with.

    Detectors differ, and classes of one detector do, in the scores that they give to what is there. As in
    confident learning, what is sure is told by what is right. Classes of few objects are drawn to all.

    Args:
        labels: Class codes of truths, shape (t,).
        found: Largest score of a prediction of their class that lies on them, 0 where none does, shape (t,).
        classes: How many classes there are.

    Returns:
        The mean and the standard deviation, each of shape (classes,), at least 0.01.
    """
    right = found > 0
    powers = np.stack([np.ones(int(right.sum())), found[right], found[right] ** 2])
    overall = powers.mean(axis=1) if right.any() else np.array([1.0, 0.5, 0.25])
    sums = np.stack([np.bincount(labels[right], weights=one, minlength=classes) for one in powers])
    count, first, second = sums + _PRIOR * overall[:, None]
    mean = (first / count).clip(_LEAST_SURE, 1 - _LEAST_SURE)
    spread = np.sqrt(np.maximum(second / count - mean**2, 0.0))
    return mean, spread.clip(_LEAST_SURE)


def _starts(image: NDArray[np.int32], images: int) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.bincount(image, minlength=images))]).astype(np.int64)


def _sureness(score: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stretch scores so that the usual one is a half and 1 stays 1."""
    above = 0.5 + 0.5 * (score - usual) / (1 - usual)
    return np.asarray(np.where(score < usual, 0.5 * score / usual, above))


def _quality(images: int, *parts: tuple[NDArray[np.int32], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Pool the doubts of an image's boxes, kind by kind, and take the geometric mean of the kinds.

    As in ObjectLab, the pool is a soft minimum of 1 − doubt, and 1 where there is nothing to doubt.
    """
    product = np.zeros(images)
    for image, doubt in parts:
        weight = np.exp((doubt - 1) / _TEMPERATURE)
        total = np.bincount(image, weights=weight, minlength=images)
        softest = np.bincount(image, weights=weight * (1 - doubt), minlength=images)
        pooled = np.divide(softest, total, out=np.ones(images), where=total > 0)
        product += np.log(pooled.clip(_FLOOR, 1.0))
    return np.asarray(np.exp(product / len(parts)))

"""The loops over truths and predictions that share an image, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["compare_boxes", "cover_predictions"]


@compiled
def _areas(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float, float]:
    """Give what two boxes (x, y, width, height) share, and the area of each."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(across, 0.0) * max(down, 0.0), one[2] * one[3], other[2] * other[3]


@compiled
def cover_predictions(
    first_truth: NDArray[np.int64],
    first_prediction: NDArray[np.int64],
    truths: NDArray[np.float64],
    truth_class: NDArray[np.int32],
    crowd: NDArray[np.bool_],
    predictions: NDArray[np.float64],
    predicted_class: NDArray[np.int32],
    scores: NDArray[np.float64],
    same: float,
    covered: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """Find how much of each prediction a truth explains, and with what score each truth is found.

    Args:
        first_truth: Where each image's truths begin, and the end of the last, shape (images + 1,).
        first_prediction: Likewise.
        truths: Boxes (x, y, width, height), image by image, shape (t, 4).
        truth_class: Shape (t,).
        crowd: Regions of many objects, shape (t,).
        predictions: Shape (p, 4).
        predicted_class: Shape (p,).
        scores: Of the predictions, shape (p,).
        same: IoU from which on a prediction is of the truth that it lies on.
        covered: Takes the largest IoU with a truth, or the share of the prediction in a crowd, shape (p,).
        found: Takes the largest score of a prediction of the truth's class that lies on it, shape (t,).
    """
    for image in range(len(first_truth) - 1):
        for one in range(first_prediction[image], first_prediction[image + 1]):
            for at in range(first_truth[image], first_truth[image + 1]):
                both, area, other = _areas(predictions[one], truths[at])
                union = area if crowd[at] else area + other - both
                if both <= 0 or union <= 0:
                    continue
                covered[one] = max(covered[one], both / union)
                if predicted_class[one] == truth_class[at] and both / union >= same:
                    found[at] = max(found[at], scores[one])


@compiled
def compare_boxes(
    first_truth: NDArray[np.int64],
    first_prediction: NDArray[np.int64],
    truths: NDArray[np.float64],
    truth_class: NDArray[np.int32],
    crowd: NDArray[np.bool_],
    predictions: NDArray[np.float64],
    predicted_class: NDArray[np.int32],
    trust: NDArray[np.float64],
    nearness: float,
    own: NDArray[np.float64],
    placed: NDArray[np.float64],
    placed_by: NDArray[np.int64],
    other: NDArray[np.float64],
    other_by: NDArray[np.int64],
) -> None:
    """Compare all truths with all predictions of each image.

    The similarity of two boxes is 0.9 · IoU + 0.1 · e^(−nearness · d), d being the distance of the centres
    over the geometric mean of the sides: it does not change with the size of the image.

    Args:
        first_truth: As in :func:`cover_predictions`.
        first_prediction: Likewise.
        truths: Likewise.
        truth_class: Likewise.
        crowd: Likewise.
        predictions: Likewise.
        predicted_class: Likewise.
        trust: How much each prediction counts, in [0, 1], shape (p,).
        nearness: How fast similarity falls with the distance of the centres.
        own: Takes the largest trust · similarity of a prediction of the truth's class, shape (t,).
        placed: Takes the largest similarity of those of them that lie on the truth and on no other one more,
            −1 where there is none, shape (t,).
        placed_by: Takes the place of that prediction, −1 where there is none, shape (t,).
        other: Takes the largest trust · similarity of a prediction of another class, shape (t,).
        other_by: Takes its place, shape (t,).
    """
    for image in range(len(first_truth) - 1):
        for one in range(first_prediction[image], first_prediction[image + 1]):
            mine = predictions[one]
            best, overlap, best_at = -1.0, 0.0, -1
            for at in range(first_truth[image], first_truth[image + 1]):
                if crowd[at]:
                    continue
                both, area, other_area = _areas(mine, truths[at])
                union = area + other_area - both
                iou = both / union if union > 0 else 0.0
                similarity, side = 0.9 * iou, (area * other_area) ** 0.25
                if side > 0:
                    across = mine[0] + mine[2] / 2 - truths[at, 0] - truths[at, 2] / 2
                    down = mine[1] + mine[3] / 2 - truths[at, 1] - truths[at, 3] / 2
                    similarity += 0.1 * np.exp(-nearness * np.hypot(across, down) / side)
                if predicted_class[one] != truth_class[at]:
                    if trust[one] * similarity > other[at]:
                        other[at], other_by[at] = trust[one] * similarity, one
                    continue
                own[at] = max(own[at], trust[one] * similarity)
                if similarity > best:
                    best, overlap, best_at = similarity, iou, at
            if overlap > 0 and best > placed[best_at]:
                placed[best_at], placed_by[best_at] = best, one

"""The loops over boxes, truths and predictions that meet, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["box_ious", "match", "match_voc", "nearest"]

#: An IoU of one counts as reached a rounding step below, as in pycocotools.
_NEARLY_ONE = 1 - 1e-10


@compiled
def box_ious(
    predictions: NDArray[np.float64],
    truths: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    groups: NDArray[np.int64],
    offsets: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Overlap each prediction of a group with each truth of it, as pycocotools' ``bbIou`` does.

    Args:
        predictions: Boxes (x, y, width, height), shape (p, 4), group after group.
        truths: Likewise, shape (t, 4).
        crowd: Truths whose overlap is relative to the prediction's area alone, shape (t,).
        groups: First prediction, end, first truth, end of each group, shape (g, 4).
        offsets: Where each group's matrix (predictions, truths) begins in ``out``, shape (g,).
        out: Takes the IoU.
    """
    for group in range(len(groups)):
        place = offsets[group]
        for one in range(groups[group, 0], groups[group, 1]):
            x, y, width, height = predictions[one]
            for other in range(groups[group, 2], groups[group, 3]):
                tx, ty, twidth, theight = truths[other]
                out[place] = 0.0
                across = min(width + x, twidth + tx) - max(x, tx)
                down = min(height + y, theight + ty) - max(y, ty)
                if across > 0 and down > 0:
                    both = across * down
                    area = width * height
                    union = area if crowd[other] else area + twidth * theight - both
                    out[place] = both / union
                place += 1


@compiled
def match(
    ious: NDArray[np.float64],
    groups: NDArray[np.int64],
    offsets: NDArray[np.int64],
    crowd: NDArray[np.bool_],
    ignored_truths: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
    hits: NDArray[np.uint16],
    ignored: NDArray[np.uint16],
    partners: NDArray[np.int64],
) -> None:
    """Match predictions to truths group by group, best score first, as COCO does.

    A prediction takes the free truth of largest IoU, a truth that counts before one that is ignored. A crowd
    is never used up. What matches an ignored truth is ignored.

    Args:
        ious: What :func:`box_ious` gives.
        groups: See there; predictions of a group in falling order of their score.
        offsets: See there.
        crowd: Shape (t,).
        ignored_truths: Truths that neither reward nor punish, shape (t,).
        thresholds: Least IoU, shape (T,), T ≤ 16.
        hits: Bit t is set where a prediction finds a truth that counts at threshold t, shape (p,).
        ignored: Bit t is set where it is ignored; as given for a prediction without a truth, shape (p,).
        partners: Takes the truth that each prediction is matched to at the first threshold, shape (p,).
    """
    most = 0
    for group in range(len(groups)):
        most = max(most, groups[group, 3] - groups[group, 2])
    order = np.empty(most, np.int64)
    taken = np.empty(most, np.bool_)
    for group in range(len(groups)):
        first, last, begin, end = groups[group]
        count, place = end - begin, offsets[group]
        apart, crowds = ignored_truths[begin:end], crowd[begin:end]
        largest = ious[place : place + (last - first) * count].max()
        _counted_first(apart, order)
        for level in range(len(thresholds)):
            bit = np.uint16(1 << level)
            least = min(thresholds[level], _NEARLY_ONE)
            if largest < least:
                break
            taken[:count] = False
            for one in range(first, last):
                found = _best(ious, place + (one - first) * count, order, taken, crowds, apart, least)
                if found < 0:
                    continue
                taken[found] = True
                if level == 0:
                    partners[one] = begin + found
                if apart[found]:
                    ignored[one] |= bit
                else:
                    hits[one] |= bit
                    ignored[one] &= ~bit


@compiled
def _counted_first(ignored: NDArray[np.bool_], order: NDArray[np.int64]) -> None:
    """Order the truths of a group: those that count, then those that are ignored, each as given."""
    place = 0
    for wanted in (False, True):
        for other in range(len(ignored)):
            if ignored[other] == wanted:
                order[place] = other
                place += 1


@compiled
def _best(
    ious: NDArray[np.float64],
    place: int,
    order: NDArray[np.int64],
    taken: NDArray[np.bool_],
    crowd: NDArray[np.bool_],
    ignored: NDArray[np.bool_],
    least: float,
) -> int:
    """Find the free truth of largest IoU, or −1; the later of equals; an ignored one if no other will do."""
    best = least
    found = -1
    for step in range(len(ignored)):
        other = order[step]
        if found >= 0 and ignored[other] and not ignored[found]:
            break
        if ious[place + other] >= best and (crowd[other] or not taken[other]):
            best = ious[place + other]
            found = other
    return found


@compiled
def match_voc(
    ious: NDArray[np.float64],
    groups: NDArray[np.int64],
    offsets: NDArray[np.int64],
    ignored_truths: NDArray[np.bool_],
    threshold: float,
    hits: NDArray[np.bool_],
    ignored: NDArray[np.bool_],
) -> None:
    """Match predictions to truths group by group, best score first, as Pascal VOC does.

    A prediction goes to the truth of largest IoU, whether or not another prediction has it: then it is a
    duplicate. What goes to a difficult truth is ignored.

    Args:
        ious: What :func:`box_ious` gives.
        groups: See there; predictions of a group in falling order of their score.
        offsets: See there.
        ignored_truths: Difficult truths, shape (t,).
        threshold: Least IoU.
        hits: Set where a prediction finds a truth, shape (p,).
        ignored: Set where it is ignored, shape (p,).
    """
    taken = np.zeros(len(ignored_truths), np.bool_)
    for group in range(len(groups)):
        first, last, begin, end = groups[group]
        place = offsets[group]
        for one in range(first, last):
            best = -1.0
            found = begin
            for other in range(begin, end):
                if ious[place] > best:
                    best = ious[place]
                    found = other
                place += 1
            if best < threshold:
                continue
            if ignored_truths[found]:
                ignored[one] = True
            elif not taken[found]:
                hits[one] = True
                taken[found] = True


@compiled
def nearest(
    ious: NDArray[np.float64],
    groups: NDArray[np.int64],
    offsets: NDArray[np.int64],
    labels: NDArray[np.int32],
    truth_labels: NDArray[np.int32],
    ignored_truths: NDArray[np.bool_],
    best: NDArray[np.float64],
    found: NDArray[np.int64],
) -> None:
    """Find the truth that each prediction overlaps most, of its own class and of the others.

    Args:
        ious: What :func:`box_ious` gives, for groups of whole images.
        groups: See there.
        offsets: See there.
        labels: Class codes of the predictions, shape (p,).
        truth_labels: Of the truths, shape (t,).
        ignored_truths: Truths that are passed over, shape (t,).
        best: Takes the largest IoU, of its own class and of the others, shape (2, p).
        found: Takes the truth, shape (2, p); stays as it is where none overlaps.
    """
    for group in range(len(groups)):
        place = offsets[group]
        for one in range(groups[group, 0], groups[group, 1]):
            for other in range(groups[group, 2], groups[group, 3]):
                apart = 0 if labels[one] == truth_labels[other] else 1
                if not ignored_truths[other] and ious[place] > best[apart, one]:
                    best[apart, one] = ious[place]
                    found[apart, one] = other
                place += 1

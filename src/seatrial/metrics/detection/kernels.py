"""The loops over boxes and predictions, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["LANES", "RECALLS", "average_precisions", "box_ious", "match", "match_voc"]

#: Recall levels 0, .01 … 1 at which COCO reads the precision.
RECALLS = 101

#: Replicates that are worked on at the same time: what they need stays in the cache.
LANES = 32

#: What pycocotools adds to the number of predictions, so that 0/0 is 0.
_STEP = float(np.spacing(1))

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
def average_precisions(
    images: NDArray[np.int32],
    hits: NDArray[np.uint16],
    ignored: NDArray[np.uint16],
    bounds: NDArray[np.int64],
    codes: NDArray[np.int64],
    levels: NDArray[np.int64],
    weights: NDArray[np.float64],
    positives: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Compute COCO's average precision of classes, at IoU thresholds, under R sets of weights.

    One replicate is one lane: its operations are the same, in the same order, whatever the other lanes hold.

    Args:
        images: Row in ``weights`` of each prediction, shape (p,): by class, then in falling order of score.
        hits: Bit t is set where it finds a truth at threshold t, shape (p,).
        ignored: Bit t is set where it does not count, shape (p,).
        bounds: Where the predictions of each class begin, and where the last ends, shape (K + 1,).
        codes: The classes to compute.
        levels: The thresholds t to compute, shape (T,).
        weights: Shape (m, R).
        positives: Weight of the truths that count, shape (K, R).
        out: Takes the average precision, shape (K, T, R); NaN where there is no truth.
    """
    replicates = weights.shape[1]
    width = min(LANES, replicates)
    longest = 0
    for code in codes:
        longest = max(longest, bounds[code + 1] - bounds[code])
    seen = np.empty((longest, width))
    found = np.empty((longest, width))
    counted = np.empty((longest, width))
    for code in codes:
        rows = images[bounds[code] : bounds[code + 1]]
        bits = hits[bounds[code] : bounds[code + 1]]
        skips = ignored[bounds[code] : bounds[code + 1]]
        for start in range(0, replicates, width):
            lanes = slice(start, min(start + width, replicates))
            part, needed = weights[:, lanes], positives[code, lanes]
            _cumulate(rows, part, seen)
            for level in range(len(levels)):
                bit = np.uint16(1 << levels[level])
                count = _hits_at(bit, rows, bits, skips, part, seen, found, counted)
                _area(found[:count], counted[:count], needed, out[code, level, lanes])


@compiled
def _cumulate(images: NDArray[np.int32], weights: NDArray[np.float64], seen: NDArray[np.float64]) -> None:
    """Give the weight of each prediction and of those before it, shape (p, lanes)."""
    so_far = np.zeros(weights.shape[1])
    for one in range(len(images)):
        row, total = weights[images[one]], seen[one]
        for lane in range(len(so_far)):
            so_far[lane] += row[lane]
            total[lane] = so_far[lane]


@compiled
def _hits_at(
    bit: np.uint16,
    images: NDArray[np.int32],
    hits: NDArray[np.uint16],
    ignored: NDArray[np.uint16],
    weights: NDArray[np.float64],
    seen: NDArray[np.float64],
    found: NDArray[np.float64],
    counted: NDArray[np.float64],
) -> int:
    """Give, up to each prediction that finds a truth, the weight of such ones and of all that count.

    Returns:
        How many rows of ``found`` and ``counted`` are filled.
    """
    so_far, skipped = np.zeros(weights.shape[1]), np.zeros(weights.shape[1])
    count = 0
    for one in range(len(images)):
        if ignored[one] & bit:
            row = weights[images[one]]
            for lane in range(len(skipped)):
                skipped[lane] += row[lane]
        elif hits[one] & bit:
            row, place, total, before = weights[images[one]], found[count], counted[count], seen[one]
            for lane in range(len(so_far)):
                so_far[lane] += row[lane]
                place[lane] = so_far[lane]
                total[lane] = before[lane] - skipped[lane]
            count += 1
    return count


@compiled
def _area(
    found: NDArray[np.float64],
    counted: NDArray[np.float64],
    needed: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Average the best precision at or above each recall level, from the last hit to the first.

    Args:
        found: Weight of the hits up to each hit, shape (h, lanes).
        counted: Weight of the predictions up to each hit, shape (h, lanes).
        needed: Weight of the truths, shape (lanes,).
        out: Takes the average precision, shape (lanes,); NaN where there is no truth.
    """
    lanes = len(needed)
    best, area, reached = np.zeros(lanes), np.zeros(lanes), np.zeros(lanes)
    for step in range(len(found) - 1, -1, -1):
        place, total = found[step], counted[step]
        for lane in range(lanes):
            # the last level i up to this hit: i / 100 ≤ recall
            recall = place[lane] / needed[lane]
            level = np.floor(recall * 100.0)
            level = level + 1.0 if (level + 1.0) * 0.01 <= recall else level
            level = level - 1.0 if level * 0.01 > recall else level
            # the levels after it, up to the next hit, have the best precision from there on
            area[lane] += best[lane] * (reached[lane] - level)
            precision = place[lane] / (total[lane] + _STEP)
            best[lane] = max(best[lane], precision)
            reached[lane] = level
    for lane in range(lanes):
        if needed[lane] > 0:
            out[lane] = (area[lane] + best[lane] * (reached[lane] + 1.0)) / RECALLS
        else:
            out[lane] = np.nan


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

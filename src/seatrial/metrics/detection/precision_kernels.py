"""The loops over sorted predictions and replicates, compiled to machine code on first use."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["LANES", "RECALLS", "average_precisions"]

#: Recall levels 0, .01 … 1 at which COCO reads the precision.
RECALLS = 101

#: Replicates that are worked on at the same time: what they need stays in the cache.
LANES = 32

#: What pycocotools adds to the number of predictions, so that 0/0 is 0.
_STEP = float(np.spacing(1))


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

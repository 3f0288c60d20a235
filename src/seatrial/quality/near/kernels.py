"""Compiled loops over hashes and over pairs of looks."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = ["correlate_pairs", "nearest_hashes"]

_PARAMETERS = 6
_STEPS = 8
_SINGULAR = 1e-9

#: A warp that leaves less than this share of the looks in common, or stretches or shifts (as a share of the
#: side) by more than this, is no copy's.
_LEAST_COMMON, _MOST_STRETCH, _MOST_SHIFT = 0.75, 0.12, 0.08


# a pair that is this far from the correlation that matters after so many steps will not get there
_STEPS_OF_GRACE, _WITHIN_REACH = 2, 0.1

_DAMPING = 1.001


@compiled
def _bits(word: np.uint64) -> np.uint64:
    # Warren, Hacker's Delight 5-1; compilers know it as one instruction
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.uint64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@compiled
def nearest_hashes(
    queries: NDArray[np.uint64],
    base: NDArray[np.uint64],
    radius: int,
    start: int,
    same: bool,
    found: NDArray[np.int64],
    distances: NDArray[np.int64],
) -> None:
    """Find the rows of ``base`` that differ from each query in the fewest bits, comparing every pair.

    Args:
        queries: Shape (m, 4), uint64.
        base: Shape (n, 4), uint64.
        radius: Most bits that may differ.
        start: Row of ``base`` that the first query is, where ``same``.
        same: The queries are rows of ``base``: none is its own neighbour.
        found: Shape (m, k), filled with −1: takes rows, nearest first, of equals the earlier.
        distances: Shape (m, k): takes the bits that differ.
    """
    k = found.shape[1]
    for query in range(len(queries)):
        a, b, c, d = queries[query, 0], queries[query, 1], queries[query, 2], queries[query, 3]
        worst = radius + 1
        held = 0
        for row in range(len(base)):
            distance = np.int64(
                _bits(a ^ base[row, 0])
                + _bits(b ^ base[row, 1])
                + _bits(c ^ base[row, 2])
                + _bits(d ^ base[row, 3])
            )
            if distance >= worst or (same and row == start + query):
                continue
            place = min(held, k - 1)
            while place > 0 and distances[query, place - 1] > distance:
                distances[query, place] = distances[query, place - 1]
                found[query, place] = found[query, place - 1]
                place -= 1
            distances[query, place], found[query, place] = distance, row
            held = min(held + 1, k)
            if held == k:
                worst = distances[query, k - 1]


@compiled
def _solved(matrix: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve a small system by elimination; all zeros where it is singular."""
    n = vector.size
    for row in range(n):
        if abs(matrix[row, row]) < _SINGULAR:
            return np.zeros(n)
        for below in range(row + 1, n):
            factor = matrix[below, row] / matrix[row, row]
            for column in range(row, n):
                matrix[below, column] -= factor * matrix[row, column]
            vector[below] -= factor * vector[row]
    for row in range(n - 1, -1, -1):
        for column in range(row + 1, n):
            vector[row] -= matrix[row, column] * vector[column]
        vector[row] /= matrix[row, row]
    return vector


@compiled
def _compared(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    warp: NDArray[np.float64],
    normal: NDArray[np.float64],
    right: NDArray[np.float64],
) -> float:
    """Correlate two looks under a warp of the second, and set up the equations of a better warp.

    Returns:
        The correlation; −2 where too little is in common.
    """
    side = one.shape[0]
    centre = (side - 1) / 2.0
    normal[:], right[:] = 0.0, 0.0
    slope = np.empty(_PARAMETERS)
    n = 0
    sum_a = sum_b = sum_aa = sum_bb = sum_ab = 0.0
    for y in range(side):
        for x in range(side):
            place_x = x + warp[0] * (x - centre) + warp[2]
            place_y = y + warp[1] * (y - centre) + warp[3]
            if min(place_x, place_y) < 0 or max(place_x, place_y) > side - 1:
                continue
            left, top = min(int(place_x), side - 2), min(int(place_y), side - 2)
            along, down = place_x - left, place_y - top
            corner, beside = other[top, left], other[top, left + 1]
            below, across = other[top + 1, left], other[top + 1, left + 1]
            upper, lower = corner + (beside - corner) * along, below + (across - below) * along
            a, b = one[y, x], upper + (lower - upper) * down
            n += 1
            sum_a += a
            sum_b += b
            sum_aa += a * a
            sum_bb += b * b
            sum_ab += a * b
            slope[2], slope[3] = (beside - corner) * (1 - down) + (across - below) * down, lower - upper
            slope[0], slope[1] = slope[2] * (x - centre), slope[3] * (y - centre)
            slope[4], slope[5] = -a, -1.0
            for row in range(_PARAMETERS):
                right[row] -= slope[row] * b
                for column in range(_PARAMETERS):
                    normal[row, column] += slope[row] * slope[column]
    if n < _LEAST_COMMON * side * side:
        return -2.0
    spread = (sum_aa - sum_a * sum_a / n) * (sum_bb - sum_b * sum_b / n)
    return (sum_ab - sum_a * sum_b / n) / np.sqrt(spread) if spread > 0 else -2.0


@compiled
def _aligned(one: NDArray[np.float64], other: NDArray[np.float64], steps: int, least: float) -> float:
    """Correlate two looks after stretching and shifting the second onto the first (Gauss–Newton).

    The model is ``other(warp(x)) = gain · one(x) + offset`` with a warp that scales and shifts each axis.
    """
    warp = np.zeros(4)
    normal, right = np.empty((_PARAMETERS, _PARAMETERS)), np.empty(_PARAMETERS)
    best = -1.0
    for step in range(steps + 1):
        correlation = _compared(one, other, warp, normal, right)
        best = max(best, correlation)
        hopeless = step == _STEPS_OF_GRACE and best < least - _WITHIN_REACH
        if correlation < -1 or hopeless:
            break
        for axis in range(4):
            normal[axis, axis] *= _DAMPING
        warp += _solved(normal, right)[:4]
        if max(abs(warp[0]), abs(warp[1])) > _MOST_STRETCH:
            break
        if max(abs(warp[2]), abs(warp[3])) > _MOST_SHIFT * one.shape[0]:
            break
    return best


@compiled
def correlate_pairs(
    ones: NDArray[np.float64],
    others: NDArray[np.float64],
    pairs: NDArray[np.int64],
    least: float,
    out: NDArray[np.float64],
) -> None:
    """Correlate pairs of looks, each aligned with the other in both directions.

    Args:
        ones: Shape (n, side, side).
        others: Shape (m, side, side).
        pairs: Shape (p, 2), rows of ``ones`` and ``others``.
        least: Correlation that matters: what is far below it is not aligned to the end.
        out: Shape (p,); takes the correlations, in [−1, 1].
    """
    for number in range(len(pairs)):
        one, other = ones[pairs[number, 0]], others[pairs[number, 1]]
        found = _aligned(one, other, _STEPS, least)
        if found < least:
            found = max(found, _aligned(other, one, _STEPS, least))
        out[number] = found

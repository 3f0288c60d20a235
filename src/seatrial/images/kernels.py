"""Compiled passes over the pixels of one image; a module of its own, for importing it loads the compiler."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import compiled

__all__ = [
    "BIN_BITS",
    "ENERGY_BINS",
    "RESPONSES",
    "area_means",
    "laplacian_moments",
    "noise_responses",
    "order_statistics",
    "tally",
]

_Bytes = NDArray[np.uint8]
_Counts = NDArray[np.uint32]

#: The energy 241R² + 691G² + 68B² is at most 65,025,000: bins of 2¹⁴ make a histogram that stays in cache.
BIN_BITS = 14
ENERGY_BINS = (65_025_000 >> BIN_BITS) + 1

#: The response to the noise kernel is at most 8 · 255.
RESPONSES = 2041

# multipliers and rotations of XXH64 (Collet, xxHash specification 0.1.1)
_PRIME_1, _PRIME_2, _PRIME_3 = (
    np.uint64(0x9E3779B185EBCA87),
    np.uint64(0xC2B2AE3D27D4EB4F),
    np.uint64(0x165667B19E3779F9),
)
_PRIME_4 = np.uint64(0x85EBCA77C2B2AE63)


@compiled
def _rotated(value: np.uint64, by: int) -> np.uint64:
    return np.uint64((value << np.uint64(by)) | (value >> np.uint64(64 - by)))


@compiled
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return np.uint64(_rotated(np.uint64(lane + word * _PRIME_2), 31) * _PRIME_1)


@compiled
def _merged(state: np.uint64, lane: np.uint64) -> np.uint64:
    return np.uint64((state ^ _round(np.uint64(0), lane)) * _PRIME_1 + _PRIME_4)


@compiled
def _split(row: _Bytes, channels: int, red: _Bytes, green: _Bytes, blue: _Bytes) -> None:
    if channels == 4:  # noqa: PLR2004 - a number known while compiling makes the loop fast
        for x in range(red.size):
            red[x] = row[4 * x]
            green[x] = row[4 * x + 1]
            blue[x] = row[4 * x + 2]
    else:
        for x in range(red.size):
            red[x] = row[3 * x]
            green[x] = row[3 * x + 1]
            blue[x] = row[3 * x + 2]


@compiled
def _energy(red: _Bytes, green: _Bytes, blue: _Bytes, energy: _Counts) -> None:
    for x in range(red.size):
        r, g, b = np.uint32(red[x]), np.uint32(green[x]), np.uint32(blue[x])
        energy[x] = np.uint32(241) * r * r + np.uint32(691) * g * g + np.uint32(68) * b * b


@compiled
def _grey(red: _Bytes, green: _Bytes, blue: _Bytes, grey: _Bytes) -> None:
    # ITU-R 601 in fixed point, as Pillow's conversion to L
    for x in range(red.size):
        r, g, b = np.uint32(red[x]), np.uint32(green[x]), np.uint32(blue[x])
        total = r * np.uint32(19595) + g * np.uint32(38470) + b * np.uint32(7471) + np.uint32(0x8000)
        grey[x] = total >> np.uint32(16)


@compiled
def _range(red: _Bytes, green: _Bytes, blue: _Bytes, highest: _Bytes, spread: _Bytes) -> None:
    for x in range(red.size):
        r, g, b = red[x], green[x], blue[x]
        top = max(r, g, b)
        highest[x] = top
        spread[x] = top - min(r, g, b)


@compiled
def _words(red: _Bytes, green: _Bytes, blue: _Bytes, words: NDArray[np.uint64]) -> None:
    for x in range(red.size):
        words[x] = (
            np.uint64(red[x]) | (np.uint64(green[x]) << np.uint64(8)) | (np.uint64(blue[x]) << np.uint64(16))
        )


@compiled
def _total(values: _Bytes) -> np.uint64:
    total = np.uint64(0)
    for x in range(values.size):
        total += np.uint64(values[x])
    return total


@compiled
def _roots(energy: _Counts, roots: NDArray[np.float64]) -> float:
    for x in range(energy.size):
        roots[x] = np.sqrt(np.float64(energy[x]))
    first = second = third = fourth = 0.0
    whole = energy.size - energy.size % 4
    for x in range(0, whole, 4):  # four sums at once: one would wait for itself
        first += roots[x]
        second += roots[x + 1]
        third += roots[x + 2]
        fourth += roots[x + 3]
    for x in range(whole, energy.size):
        first += roots[x]
    return first + second + third + fourth


@compiled
def tally(
    pixels: NDArray[np.uint8],
    grey: NDArray[np.uint8],
    levels: NDArray[np.uint32],
    bins: NDArray[np.uint32],
    spreads: NDArray[np.uint64],
    faint: int,
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64, float, np.uint64, np.uint64]:
    """Count everything that one pass over the pixels can tell.

    Args:
        pixels: Shape (height, width, 3 or 4), uint8: red, green, blue, and a byte that is not looked at.
        grey: Shape (height, width), uint8; is filled with the grey image.
        levels: Shape (256,), zeros; is filled with the histogram of grey.
        bins: Shape (ENERGY_BINS,), zeros; is filled with the histogram of energy 241R² + 691G² + 68B².
        spreads: Shape (256,), zeros; is filled with the sum of max(R, G, B) − min(R, G, B) by max(R, G, B).
        faint: Largest such difference of a pixel that counts as grey.

    Returns:
        Sums of red, green, blue, energy and the energy's square root; the number of grey pixels; XXH64's
        four lanes over the pixels as words, with the shape, merged.
    """
    height, width, channels = pixels.shape
    red, green, blue = np.empty(width, np.uint8), np.empty(width, np.uint8), np.empty(width, np.uint8)
    highest, spread = np.empty(width, np.uint8), np.empty(width, np.uint8)
    energy, roots = np.empty(width, np.uint32), np.empty(width, np.float64)
    padded = (width + 7) // 8 * 8
    words = np.zeros(padded, np.uint64)
    reds = greens = blues = energies = np.uint64(0)
    pale = np.uint64(0)
    root = 0.0
    one, two = _PRIME_1 + _PRIME_2, _PRIME_2
    three, four = np.uint64(0), np.uint64(0) - _PRIME_1
    for y in range(height):
        _split(pixels[y].reshape(-1), channels, red, green, blue)
        reds += _total(red)
        greens += _total(green)
        blues += _total(blue)
        _energy(red, green, blue, energy)
        root += _roots(energy, roots)
        _grey(red, green, blue, grey[y])
        _range(red, green, blue, highest, spread)
        line = grey[y]
        for x in range(width):
            energies += np.uint64(energy[x])
        for x in range(width):
            bins[energy[x] >> np.uint32(14)] += np.uint32(1)
        for x in range(width):
            levels[line[x]] += np.uint32(1)
        for x in range(width):
            spreads[highest[x]] += np.uint64(spread[x])
        for x in range(width):
            pale += np.uint64(spread[x] <= faint)
        _words(red, green, blue, words)
        for x in range(0, padded, 8):
            one = _round(one, words[x] | (words[x + 1] << np.uint64(32)))
            two = _round(two, words[x + 2] | (words[x + 3] << np.uint64(32)))
            three = _round(three, words[x + 4] | (words[x + 5] << np.uint64(32)))
            four = _round(four, words[x + 6] | (words[x + 7] << np.uint64(32)))
    state = np.uint64(_rotated(one, 1) + _rotated(two, 7) + _rotated(three, 12) + _rotated(four, 18))
    for lane in (one, two, three, four):
        state = _merged(state, lane)
    state = _merged(state, np.uint64(height))
    state = _merged(state, np.uint64(width))
    state = np.uint64((state ^ (state >> np.uint64(33))) * _PRIME_2)
    state = np.uint64((state ^ (state >> np.uint64(29))) * _PRIME_3)
    state = np.uint64(state ^ (state >> np.uint64(32)))
    return reds, greens, blues, energies, root, pale, state


@compiled
def order_statistics(
    pixels: NDArray[np.uint8], bins: NDArray[np.uint32], ranks: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give the energies of some ranks, exactly.

    The histogram says in which bin each rank lies; a second pass counts the lower bits within those bins
    alone, so nothing is sorted and no energy is stored.

    Args:
        pixels: Shape (height, width, 3 or 4), uint8.
        bins: Histogram of :func:`tally`.
        ranks: Ranks from 0, any number of them.
    """
    height, width, channels = pixels.shape
    low = 1 << 14
    slot = np.full(bins.size, -1, np.int64)
    inside = np.empty(ranks.size, np.int64)
    place = np.empty(ranks.size, np.int64)
    used = 0
    for number in range(ranks.size):
        before, which = 0, 0
        while before + bins[which] <= ranks[number]:
            before += bins[which]
            which += 1
        if slot[which] < 0:
            slot[which] = used
            used += 1
        inside[number], place[number] = ranks[number] - before, which
    fine = np.zeros((used, low), np.uint32)
    red, green, blue = np.empty(width, np.uint8), np.empty(width, np.uint8), np.empty(width, np.uint8)
    energy = np.empty(width, np.uint32)
    for y in range(height):
        _split(pixels[y].reshape(-1), channels, red, green, blue)
        _energy(red, green, blue, energy)
        for x in range(width):
            row = slot[energy[x] >> np.uint32(14)]
            if row >= 0:
                fine[row, energy[x] & np.uint32(low - 1)] += np.uint32(1)
    found = np.empty(ranks.size, np.int64)
    for number in range(ranks.size):
        counts = fine[slot[place[number]]]
        before, value = 0, 0
        while before + counts[value] <= inside[number]:
            before += counts[value]
            value += 1
        found[number] = place[number] * low + value
    return found


@compiled
def _responses(above: _Bytes, here: _Bytes, below: _Bytes, out: NDArray[np.int16]) -> None:
    two, four = np.int16(2), np.int16(4)
    for x in range(1, here.size - 1):
        corners = np.int16(above[x - 1]) + np.int16(above[x + 1])
        corners += np.int16(below[x - 1]) + np.int16(below[x + 1])
        sides = np.int16(above[x]) + np.int16(below[x]) + np.int16(here[x - 1]) + np.int16(here[x + 1])
        out[x] = abs(np.int16(corners - two * sides + four * np.int16(here[x])))


@compiled
def noise_responses(grey: NDArray[np.uint8], counts: NDArray[np.uint32]) -> None:
    """Count the absolute responses to the difference of two Laplacians (Immerkær 1996).

    Args:
        grey: Shape (height, width), uint8, both at least 3.
        counts: Shape (RESPONSES,), zeros; is filled with the histogram of the inner pixels' responses.
    """
    height, width = grey.shape
    line = np.empty(width, np.int16)
    for y in range(1, height - 1):
        _responses(grey[y - 1], grey[y], grey[y + 1], line)
        for x in range(1, width - 1):
            counts[line[x]] += np.uint32(1)


@compiled
def laplacian_moments(grey: NDArray[np.uint8]) -> tuple[np.int64, np.int64]:
    """Sum the Laplacian of the inner pixels, and its square, exactly.

    Args:
        grey: Shape (height, width), uint8, both at least 3.
    """
    height, width = grey.shape
    total, squares = np.int64(0), np.int64(0)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            around = np.int64(grey[y - 1, x]) + np.int64(grey[y + 1, x])
            around += np.int64(grey[y, x - 1]) + np.int64(grey[y, x + 1])
            value = around - 4 * np.int64(grey[y, x])
            total += value
            squares += value * value
    return total, squares


@compiled
def area_means(grey: NDArray[np.uint8], side: int) -> NDArray[np.float64]:
    """Average a grey image over the cells of a square grid, a pixel on a border shared by its area.

    Args:
        grey: Shape (height, width), uint8.
        side: Cells a side.

    Returns:
        Shape (side, side), in [0, 255].
    """
    height, width = grey.shape
    rows = np.zeros((side, width), np.float64)
    for cell in range(side):
        start, stop = cell * height / side, (cell + 1) * height / side
        for y in range(int(start), min(int(np.ceil(stop)), height)):
            weight = min(stop, y + 1.0) - max(start, float(y))
            for x in range(width):
                rows[cell, x] += weight * grey[y, x]
    means = np.zeros((side, side), np.float64)
    for column in range(side):
        start, stop = column * width / side, (column + 1) * width / side
        for x in range(int(start), min(int(np.ceil(stop)), width)):
            weight = min(stop, x + 1.0) - max(start, float(x))
            for cell in range(side):
                means[cell, column] += weight * rows[cell, x]
    scale = side * side / (height * width)
    for row in range(side):
        for column in range(side):
            means[row, column] *= scale
    return means

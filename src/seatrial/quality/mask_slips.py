"""Slivers and holes in one mask."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MaskSlip", "SlipKind", "class_slips", "instance_slips"]

SlipKind = Literal["hole", "sliver"]

#: A piece or hole of less than this share of its instance is a slip; a larger one may be the object's shape.
_SHARE = 0.1

_SQUARE = np.ones((3, 3))


@dataclass(frozen=True, slots=True)
class MaskSlip:
    """A small or thin segment.

    Attributes:
        code: Its class code, −1 for void; of a hole in an instance, the instance's number.
        kind: ``hole`` or ``sliver``.
        thin: It is nowhere three pixels wide, though not small.
        box: x, y of the upper left corner, width, height, in pixels.
        pixels: How many.
    """

    code: int
    kind: SlipKind
    thin: bool
    box: tuple[int, int, int, int]
    pixels: int


def class_slips(
    codes: NDArray[np.integer[Any]], void: int | None, speck: float
) -> tuple[list[MaskSlip], Counter[int]]:
    """Find small and thin segments of a mask of classes, and count all its segments by class.

    A hole is a segment of the first class, or of void, inside another one; between several, such a segment is
    a gap and no slip.

    Args:
        codes: Class codes, shape (h, w).
        void: Code that stands for no class; None where there is none.
        speck: Side of the smallest segment that is no speck, as a share of the image's diagonal.
    """
    from scipy.ndimage import binary_erosion, find_objects, label

    least = (speck * float(np.hypot(*codes.shape))) ** 2
    slips: list[MaskSlip] = []
    counts: Counter[int] = Counter()
    for value in np.unique(codes).tolist():
        code = -1 if value == void else int(value)
        numbers, counts[code] = label(codes == value)
        pixels = np.bincount(numbers.ravel(), minlength=counts[code] + 1)
        core = binary_erosion(codes == value, _SQUARE, border_value=1)
        wide = np.bincount(numbers[core], minlength=counts[code] + 1) > 0
        places = find_objects(numbers)
        for number in (np.flatnonzero((pixels < least) | ~wide)).tolist():
            if number == 0:  # the other classes
                continue
            place = places[number - 1]
            hole = code <= 0 and _inside(codes, numbers, number, place)
            if hole or code > 0:
                thin = bool(pixels[number] >= least)
                kind: SlipKind = "hole" if hole else "sliver"
                slips.append(MaskSlip(code, kind, thin, _box(place), int(pixels[number])))
    return slips, counts


def instance_slips(numbers: NDArray[np.integer[Any]]) -> Iterator[MaskSlip]:
    """Find holes in instances, and pieces that are cut off them.

    Args:
        numbers: Numbers of instances, 0 where there is none, shape (h, w).
    """
    from scipy.ndimage import binary_fill_holes, find_objects, label

    known, dense = np.unique(numbers, return_inverse=True)
    dense = dense.reshape(numbers.shape) + (1 if known[0] != 0 else 0)
    for number, place in enumerate(find_objects(dense), start=1):
        mine = dense[place] == number
        pieces, _ = label(mine)
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        largest, total = int(sizes.argmax()), int(mine.sum())
        holes, _ = label(binary_fill_holes(mine) & ~mine)
        for kind, found, spared in (("sliver", pieces, largest), ("hole", holes, 0)):
            counts = np.bincount(found.ravel())
            for at, inner in enumerate(find_objects(found), start=1):
                if at != spared and counts[at] < _SHARE * total:
                    box = _box(inner, place)
                    yield MaskSlip(
                        number, "hole" if kind == "hole" else "sliver", False, box, int(counts[at])
                    )


def _box(
    place: tuple[slice, slice], within: tuple[slice, slice] = (slice(0), slice(0))
) -> tuple[int, int, int, int]:
    rows, columns = place
    x, y = columns.start + (within[1].start or 0), rows.start + (within[0].start or 0)
    return x, y, columns.stop - columns.start, rows.stop - rows.start


def _inside(
    codes: NDArray[np.integer[Any]], numbers: NDArray[Any], number: int, place: tuple[slice, slice]
) -> bool:
    """Tell whether all around a segment is one other class, and not the edge of the image."""
    from scipy.ndimage import binary_dilation

    if any(side.start == 0 or side.stop == size for side, size in zip(place, codes.shape, strict=True)):
        return False
    around = tuple(slice(side.start - 1, side.stop + 1) for side in place)
    mine = numbers[around] == number
    return len(np.unique(codes[around][binary_dilation(mine) & ~mine])) == 1

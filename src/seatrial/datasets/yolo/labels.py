"""Lines of YOLO's label files: relative boxes and polygons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from seatrial.datasets.object_rows import ObjectRow, Size
from seatrial.datasets.rle import from_polygons

__all__ = ["Faults", "LabelFile", "label_rows"]

# class, centre, width and height; a polygon has a class and at least three points
_BOX, _POLYGON = 5, 7

# relative coordinates are written with six digits or so: a little more than one is one
_ROUNDING = 1e-3


@dataclass(frozen=True)
class LabelFile:
    """A label file.

    Attributes:
        image: The image's id.
        path: The file.
        text: What it holds.
    """

    image: str
    path: str
    text: str


@dataclass
class Faults:
    """What is wrong in label files, by what was expected."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, expected: str, case: str) -> None:
        """Note one fault."""
        self.found.setdefault(expected, []).append(case)


def label_rows(
    files: Sequence[LabelFile], sizes: Mapping[str, Size | None], names: Mapping[int, str]
) -> tuple[list[ObjectRow], Faults]:
    """Make objects of label files.

    A line is a class number, then either the centre, width and height of a box, or at least three points of
    a polygon; all relative to the image's size. The box of a polygon is the one around its points.

    Args:
        files: Label files, in the order of the images.
        sizes: Width and height of the images in pixels; None where not known.
        names: Class names by number.

    Returns:
        Objects, and the faults by what was expected instead.
    """
    rows: list[ObjectRow] = []
    faults = Faults()
    for file in files:
        for number, line in enumerate(file.text.splitlines(), start=1):
            if line.strip():
                row = _row(file, number, line.split(), sizes[file.image], names, faults)
                if row is not None:
                    rows.append(row)
    return rows, faults


def _row(
    file: LabelFile,
    number: int,
    words: list[str],
    size: Size | None,
    names: Mapping[int, str],
    faults: Faults,
) -> ObjectRow | None:
    where = f"{PurePosixPath(file.path).name}, line {number}"
    if len(words) != _BOX and (len(words) < _POLYGON or len(words) % 2 == 0):
        expected = "a class and four numbers, or a class and at least three points of a polygon"
        faults.add(expected, f"{where}: {len(words)} numbers")
        return None
    values = _numbers(words)
    if values is None:
        faults.add("numbers", f"{where}: {' '.join(words)[:60]!r}")
        return None
    label = names.get(int(values[0])) if values[0].is_integer() else None
    if label is None:
        faults.add(f"class numbers from 0 to {max(names)}", f"{where}: {words[0]}")
        return None
    shape = np.array(values[1:], dtype=np.float64)
    if ((shape < -_ROUNDING) | (shape > 1 + _ROUNDING)).any():
        faults.add("coordinates in [0, 1], relative to the image's size", f"{where}: {' '.join(words)[:60]}")
        return None
    if size is None:
        faults.add("images that can be read, as their size is needed", f"{where}: {file.image!r}")
        return None
    mask = None
    scaled = shape * np.tile(size, len(shape) // 2)
    if len(words) == _BOX:
        x, y, width, height = scaled.tolist()
        box = (x - width / 2, y - height / 2, width, height)
    else:
        points = scaled.reshape(-1, 2)
        low, extent = points.min(axis=0).tolist(), np.ptp(points, axis=0).tolist()
        box = (low[0], low[1], extent[0], extent[1])
        mask = from_polygons([scaled.tolist()], size[1], size[0])
    annotation = f"{PurePosixPath(file.image).with_suffix('')}:{number}"
    return ObjectRow(where, file.image, annotation, label, box, mask=mask)


def _numbers(words: Sequence[str]) -> list[float] | None:
    try:
        values = [float(one) for one in words]
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None

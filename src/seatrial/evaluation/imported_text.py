"""Detections in text files, one file an image, one line a detection."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from seatrial.datasets import DatasetManifest, DatasetSpec
from seatrial.datasets.content import read_all
from seatrial.datasets.listing import files_below, read_file
from seatrial.datasets.object_rows import raise_faults
from seatrial.datasets.options import yes_or_no
from seatrial.datasets.problems import Problems
from seatrial.datasets.vocabulary import class_names
from seatrial.errors import InputError, examples
from seatrial.evaluation.imported_objects import Box, DetectionRow, Images

__all__ = ["TEXT_OPTIONS", "text_detections"]

TEXT_OPTIONS = ("format", "columns", "relative", "coordinates", "classes", "others", "scores")

#: Layouts by name: columns, and whether coordinates are relative to the image's size.
_FORMATS: dict[str, tuple[tuple[str, ...], bool]] = {
    "voc": (("class", "score", "x1", "y1", "x2", "y2"), False),
    "yolo": (("class", "cx", "cy", "width", "height", "score"), True),
}

# the ways to say a box
_BOXES = (("x1", "y1", "x2", "y2"), ("x", "y", "width", "height"), ("cx", "cy", "width", "height"))

# a relative coordinate may reach outside of the image, but not that far
_RELATIVE_MOST = 2.0


def text_detections(spec: DatasetSpec, manifest: DatasetManifest, noted: Problems) -> list[DetectionRow]:
    """Read a folder of text files, each called like its image.

    Options: ``format`` (``voc``, the default: class, score, x1, y1, x2, y2 in pixels; ``yolo``: class,
    centre, width, height, all relative, and score), or ``columns`` (names of the columns in order:
    ``class``, ``score`` and one of x1 y1 x2 y2, x y width height, cx cy width height; others are passed
    over) with ``relative=yes``; ``coordinates=pixels`` (corners are of pixels counted from 1, the last one
    included);
    ``classes`` (names by the numbers that the files use; default: the data set's).

    Raises:
        InputError: The folder holds no text file, an option cannot be used, or a line is no detection.
    """
    columns, relative = _layout(spec)
    names = files_below(spec, spec.path, {".txt"})
    if not names:
        raise InputError(f"{spec.path}: expected text files of detections, there are none")
    texts = read_all(
        [f"{spec.path.rstrip('/')}/{one}" for one in names], lambda path: read_file(path, "detections")
    )
    images, codes = Images(manifest), _codes(spec, manifest)
    faults: dict[str, list[str]] = {}
    rows = []
    for name, text in zip(names, texts, strict=True):
        row = images.find(PurePosixPath(name).with_suffix("").as_posix())
        lines = [
            (number, line.split()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()
        ]
        if row is None:
            for number, _ in lines:
                noted.add("prediction_of_unknown_image", f"{name}, line {number}")
            continue
        for number, words in lines:
            where = f"{name}, line {number}"
            values = _values(where, words, columns, faults)
            code = None if values is None else _code(spec, where, values["class"], codes, noted, faults)
            if values is None or code is None:
                continue
            size = images.sizes[row] if relative else (1, 1)
            box = _box(spec, where, values, size, faults, relative=relative)
            if box is not None:
                rows.append(DetectionRow(where, row, code, box, float(values["score"])))
    for expected, cases in faults.items():
        raise_faults(spec.path, expected, cases)
    return rows


def _layout(spec: DatasetSpec) -> tuple[tuple[str, ...], bool]:
    form = spec.options.get("format", "voc")
    if form not in _FORMATS:
        raise InputError(f"{spec.path}: option format: expected {' or '.join(_FORMATS)}, got {form!r}")
    columns, relative = _FORMATS[form]
    given = spec.options.get("columns")
    if given is not None:
        if "format" in spec.options:
            raise InputError(f"{spec.path}: expected one of the options format and columns, got both")
        columns, relative = tuple(one.strip() for one in given.split(",")), False
        boxes = [one for one in _BOXES if set(one) <= set(columns)]
        if len(boxes) != 1 or not {"class", "score"} <= set(columns) or len(set(columns)) != len(columns):
            ways = " or ".join(",".join(one) for one in _BOXES)
            raise InputError(f"{spec.path}: option columns: expected class, score and {ways}, got {given}")
    if spec.options.get("coordinates", "corners") not in {"corners", "pixels"}:
        raise InputError(f"{spec.path}: option coordinates: expected corners or pixels")
    if spec.options.get("coordinates") == "pixels" and "x1" not in columns:
        raise InputError(f"{spec.path}: option coordinates: pixels are counted for x1, y1, x2, y2 only")
    return columns, yes_or_no(spec, "relative", default=relative)


def _codes(spec: DatasetSpec, manifest: DatasetManifest) -> dict[str, int | None]:
    """Give class codes by what files write; None for a class that is none of the data set's."""
    codes = {name: code for code, name in enumerate(manifest.classes)}
    names = class_names(spec, ()) if "classes" in spec.options else manifest.classes
    numbers = {str(number): codes.get(name) for number, name in enumerate(names)}
    by_name = {name: codes.get(name) for name in (*names, *manifest.classes)}
    # where classes are called by numbers, the names count, unless it is said what numbers mean
    return by_name | numbers if "classes" in spec.options else numbers | by_name


def _values(
    where: str, words: Sequence[str], columns: Sequence[str], faults: dict[str, list[str]]
) -> dict[str, str] | None:
    if len(words) != len(columns):
        expected = f"{len(columns)} values a line ({' '.join(columns)})"
        faults.setdefault(expected, []).append(f"{where}: {len(words)}")
        return None
    values = dict(zip(columns, words, strict=True))
    for name, value in values.items():
        if name == "class":
            continue
        try:
            float(value)
        except ValueError:
            expected = f"numbers in {' '.join(columns[1:])}"
            faults.setdefault(expected, []).append(f"{where}, {name}: {value!r:.40}")
            return None
    return values


def _code(
    spec: DatasetSpec,
    where: str,
    written: str,
    codes: Mapping[str, int | None],
    noted: Problems,
    faults: dict[str, list[str]],
) -> int | None:
    code = codes.get(written)
    if code is None:
        if spec.options.get("others") == "drop":
            noted.add("prediction_of_other_class", f"{where}: {written!r}")
        else:
            known = [name for name, one in codes.items() if one is not None]
            expected = f"classes of {examples(known)} (others=drop leaves out all others)"
            faults.setdefault(expected, []).append(f"{where}: {written!r}")
    return code


def _box(
    spec: DatasetSpec,
    where: str,
    values: Mapping[str, str],
    size: tuple[int, int] | None,
    faults: dict[str, list[str]],
    *,
    relative: bool,
) -> Box | None:
    names = next(one for one in _BOXES if set(one) <= values.keys())
    sides = [float(values[name]) for name in names]
    if relative and any(abs(one) > _RELATIVE_MOST for one in sides):
        faults.setdefault("coordinates relative to the image's size", []).append(f"{where}: {sides}")
        return None
    if size is None:
        faults.setdefault("images whose size is known, for relative coordinates", []).append(where)
        return None
    a, b, c, d = (np.array(sides) * (*size, *size)).tolist()
    if names[0] == "x1":
        one = 1 if spec.options.get("coordinates") == "pixels" else 0
        return (a - one, b - one, c - a + one, d - b + one)
    return (a, b, c, d) if names[0] == "x" else (a - c / 2, b - d / 2, c, d)

"""From annotations, one by one, to the table of objects of a detection data set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from seatrial.datasets.box_format import look_like_corners, outside
from seatrial.datasets.columns import columns_of
from seatrial.datasets.objects import OBJECT_COLUMNS, OBJECT_SCHEMA
from seatrial.datasets.problems import Problems
from seatrial.datasets.rle import mask_areas
from seatrial.errors import InputError

__all__ = ["ATTRIBUTE_PREFIX", "ObjectRow", "Size", "object_table", "raise_faults"]

Size = tuple[int, int]

#: What the name of an annotation attribute begins with where it would be the name of another column.
ATTRIBUTE_PREFIX = "annotation_"

# an evaluation adds these to the columns of its objects
_TAKEN = frozenset({*OBJECT_COLUMNS, "role", "score"})

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One annotated object.

    Attributes:
        where: Its place for messages, e.g. ``"annotation 17"``.
        image: The image's id.
        annotation: The annotation's id.
        label: Class name.
        box: x, y, width, height in pixels.
        area: Square pixels; None to take the mask's or else the box's.
        crowd: A region of many objects.
        ignore: Neither reward nor punish.
        mask: Compressed run-length encoding.
        attributes: Whatever else the annotation says.
    """

    where: str
    image: str
    annotation: str
    label: str
    box: tuple[float, float, float, float]
    area: float | None = None
    crowd: bool = False
    ignore: bool = False
    mask: bytes | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def object_table(
    source: str,
    images: Sequence[str],
    sizes: Mapping[str, Size | None],
    rows: Sequence[ObjectRow],
    noted: Problems,
) -> pa.Table:
    """Make the table of objects, in the order of the images, and note what is odd about the boxes.

    Args:
        source: The file, for messages.
        images: Ids in order.
        sizes: Width and height of each image; None where not known.
        rows: The objects, in the order of the files.
        noted: Where problems are noted.

    Raises:
        InputError: A box is not of numbers or has a negative size.
    """
    _check_boxes(source, rows)
    _note_boxes(sizes, rows, noted)
    place = {one: number for number, one in enumerate(images)}
    ordered = sorted(rows, key=lambda one: place[one.image])
    boxes = np.array([one.box for one in ordered], dtype=np.float64).reshape(-1, 4)
    areas = boxes[:, 2] * boxes[:, 3]
    masks = [one.mask for one in ordered]
    masked = np.array([one is not None for one in masks], dtype=np.bool_)
    areas[masked] = mask_areas([one for one in masks if one is not None])
    _note_masks(ordered, noted)
    first = {
        "image": [one.image for one in ordered],
        "annotation": _unique_ids(ordered, noted),
        "class": [one.label for one in ordered],
        **{name: boxes[:, side] for side, name in enumerate(("x", "y", "width", "height"))},
        "area": [
            float(area) if one.area is None else one.area for one, area in zip(ordered, areas, strict=True)
        ],
        "crowd": [one.crowd for one in ordered],
        "ignore": [one.ignore for one in ordered],
        "mask": masks,
    }
    columns = {name: pa.array(values, OBJECT_SCHEMA.field(name).type) for name, values in first.items()}
    columns |= columns_of([one.attributes for one in ordered], _TAKEN, ATTRIBUTE_PREFIX, noted)
    return pa.table(columns)


def raise_faults(source: str, expected: str, faults: Sequence[str]) -> None:
    """Refuse a file for all faults of one kind at once; nothing happens where there are none.

    Raises:
        InputError: There is a fault; at most five are shown and all are counted.
    """
    if faults:
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise InputError(
            f"{source}: expected {expected}, not so in {len(faults)}: {'; '.join(faults[:_SHOWN])}{more}"
        )


def _check_boxes(source: str, rows: Sequence[ObjectRow]) -> None:
    boxes = np.array([one.box for one in rows], dtype=np.float64).reshape(-1, 4)
    for expected, wrong in (
        ("boxes of four finite numbers", ~np.isfinite(boxes).all(axis=1)),
        ("boxes of no negative width or height", (boxes[:, 2:] < 0).any(axis=1)),
    ):
        chosen = [rows[row] for row in np.flatnonzero(wrong).tolist()]
        raise_faults(source, expected, [f"{one.where}: {_box(one)}" for one in chosen])


def _note_boxes(sizes: Mapping[str, Size | None], rows: Sequence[ObjectRow], noted: Problems) -> None:
    if not rows:
        return
    boxes = np.array([one.box for one in rows], dtype=np.float64)
    limits = np.array([sizes[one.image] or (np.inf, np.inf) for one in rows], dtype=np.float64)
    for one in (rows[row] for row in np.flatnonzero(outside(boxes, limits)).tolist()):
        size = "×".join(map(str, sizes[one.image] or ()))
        noted.add("box_outside", f"{one.where} of {one.image!r}: {_box(one)} in {size} pixels", one.image)
    for one in (rows[row] for row in np.flatnonzero((boxes[:, 2:] == 0).any(axis=1)).tolist()):
        noted.add("box_empty", f"{one.where} of {one.image!r}: {_box(one)}", one.image)
    if look_like_corners(boxes, limits):
        noted.add("boxes_look_like_corners", f"{rows[0].where}: {_box(rows[0])}")


def _note_masks(rows: Sequence[ObjectRow], noted: Problems) -> None:
    if any(one.mask is not None for one in rows):
        for one in rows:
            if one.mask is None:
                noted.add("mask_missing", f"{one.where} of {one.image!r}", one.image)


def _unique_ids(rows: Sequence[ObjectRow], noted: Problems) -> list[str]:
    used: dict[str, int] = {}
    ids = []
    for one in rows:
        times = used[one.annotation] = used.get(one.annotation, 0) + 1
        renamed = f"{one.annotation}#{times}"
        if times > 1:
            noted.add("annotation_id_repeated", f"{one.where} of {one.image!r} is now {renamed!r}", one.image)
        ids.append(renamed if times > 1 else one.annotation)
    return ids


def _box(row: ObjectRow) -> str:
    x, y, width, height = (f"{side:g}" for side in row.box)
    return f"x {x}, y {y}, width {width}, height {height}"

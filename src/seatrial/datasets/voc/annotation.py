"""One XML file of Pascal VOC: an image and its objects."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from seatrial.datasets.object_rows import Size
from seatrial.errors import InputError

__all__ = ["VocAnnotation", "VocObject", "parse_annotation"]

_SIDES = ("xmin", "ymin", "xmax", "ymax")

# elements of an object with a meaning of their own; all others are attributes
_KNOWN = frozenset({"name", "bndbox", "part", "attributes"})

# elements of an image that are no metadata; a path is one on somebody's machine
_NOT_METADATA = frozenset({"object", "filename", "size", "path"})

_FLAGS = frozenset({"difficult", "truncated", "occluded"})


@dataclass(frozen=True, slots=True)
class VocObject:
    """An object as it is written.

    Attributes:
        label: Class name.
        corners: xmin, ymin, xmax, ymax as they are written.
        difficult: Whether it is marked as difficult.
        attributes: Its other elements; flags are booleans.
    """

    label: str
    corners: tuple[float, float, float, float]
    difficult: bool
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class VocAnnotation:
    """An annotation file.

    Attributes:
        file_name: The image's file as the annotation calls it; empty where it does not.
        size: Width and height; None where they are not said.
        fields: Metadata of the image.
        objects: Its objects in the file's order.
    """

    file_name: str
    size: Size | None
    fields: dict[str, Any]
    objects: tuple[VocObject, ...]


def parse_annotation(path: str, text: str) -> VocAnnotation:
    """Parse an annotation file.

    Args:
        path: The file, for messages.
        text: What it holds.

    Raises:
        InputError: It is no XML, no annotation, or an object has no name or no box of four numbers; the
            message names the object, counted from 1.
    """
    try:
        root = ET.fromstring(text)  # noqa: S314 - see the import
    except ET.ParseError as error:
        raise InputError(f"{path}: expected XML: {error}") from error
    if root.tag != "annotation":
        raise InputError(f"{path}: expected an <annotation>, got <{root.tag}>")
    objects = [_object(path, number, one) for number, one in enumerate(root.iter("object"), start=1)]
    return VocAnnotation(_text(root, "filename"), _size(root), _fields(root), tuple(objects))


def _object(path: str, number: int, element: Element) -> VocObject:
    where = f"{path}, object {number}"
    label, box = _text(element, "name"), element.find("bndbox")
    if not label:
        raise InputError(f"{where}: expected a <name>, there is none")
    if box is None:
        raise InputError(f"{where} ({label}): expected a <bndbox>, there is none")
    corners = [_number(where, side, _text(box, side)) for side in _SIDES]
    attributes = {
        one.tag: _value(one.tag, one.text) for one in element if one.tag not in _KNOWN and not len(one)
    }
    attributes |= dict(_named_attributes(element))
    parts = len(element.findall("part"))
    if parts:
        attributes["parts"] = parts
    x1, y1, x2, y2 = corners
    return VocObject(label, (x1, y1, x2, y2), attributes.get("difficult") is True, attributes)


def _named_attributes(element: Element) -> Iterable[tuple[str, Any]]:
    """Yield attributes as CVAT writes them: ``<attributes><attribute><name/><value/></attribute>…``."""
    for one in element.iterfind("attributes/attribute"):
        if name := _text(one, "name"):
            yield name, _value(name, _text(one, "value"))


def _fields(root: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in root:
        if one.tag in _NOT_METADATA:
            continue
        if len(one):
            found |= {
                f"{one.tag}_{inner.tag}": _value(inner.tag, inner.text) for inner in one if not len(inner)
            }
        else:
            found[one.tag] = _value(one.tag, one.text)
    return {name: value for name, value in found.items() if value is not None}


def _value(name: str, text: str | None) -> Any:
    plain = (text or "").strip()
    if name in _FLAGS and plain.lower() in {"0", "1", "true", "false"}:
        return plain.lower() in {"1", "true"}
    if plain.lower() in {"true", "false"}:
        return plain.lower() == "true"
    if plain.isdecimal() and str(int(plain)) == plain:
        return int(plain)
    return plain or None


def _size(root: Element) -> Size | None:
    size = root.find("size")
    if size is None:
        return None
    found = [_text(size, name) for name in ("width", "height")]
    if not all(one.isdecimal() and int(one) > 0 for one in found):
        return None  # annotation tools that do not know it write zeros
    return int(found[0]), int(found[1])


def _number(where: str, side: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{where}, {side}: expected a number of pixels, got {text!r}")
    return value


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()

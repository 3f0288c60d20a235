"""A labelling queue as CVAT's annotations, "CVAT for images 1.1"."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets.rle import decode_mask
from seatrial.labelling.places import below_root
from seatrial.labelling.queue import LabellingQueue
from seatrial.labelling.xml_text import xml_file, xml_text

__all__ = ["write_cvat"]

#: What the tag that carries the reason is called, with underscores added where a class is called so.
_TAG = "look_again"

_ASKED = ("reason", "priority", "batch", "sample", "label")


def write_cvat(queue: LabellingQueue, folder: Path, root: str) -> tuple[str, ...]:
    """Write ``cvat.xml`` (annotations to upload) and ``cvat_labels.json`` (the labels of CVAT's task).

    Each image has a tag with the reason, priority, batch, sample id and today's label as attributes; what is
    suggested are tags of classes, boxes and masks with the source ``auto``.

    Args:
        queue: What to label.
        folder: Folder that exists.
        root: Folder that images' names are relative to.

    Returns:
        The files' names.
    """
    names = ("cvat.xml", "cvat_labels.json")
    tag = _TAG
    while tag in queue.classes:
        tag += "_"
    (folder / names[0]).write_bytes(xml_file(_document(queue, root, tag)))
    labels: list[dict[str, Any]] = [{"name": name, "attributes": []} for name in map(xml_text, queue.classes)]
    labels.append({"name": tag, "type": "tag", "attributes": [_attribute(name) for name in _ASKED]})
    text = json.dumps(labels, ensure_ascii=False, indent=1)
    (folder / names[1]).write_text(text + "\n", encoding="utf-8")
    return names


def _attribute(name: str) -> dict[str, Any]:
    return {"name": name, "mutable": False, "input_type": "text", "default_value": "", "values": [""]}


def _document(queue: LabellingQueue, root: str, tag: str) -> ET.Element:
    document = ET.Element("annotations")
    _text(document, "version", "1.1")
    job = ET.SubElement(ET.SubElement(document, "meta"), "task")
    _text(job, "name", queue.name)
    _text(job, "size", str(len(queue)))
    labels = ET.SubElement(job, "labels")
    for name in queue.classes:
        _label(labels, name, ())
    _label(labels, tag, _ASKED)
    for row in queue.rows():
        _image(document, row, root, tag)
    return document


def _label(labels: ET.Element, name: str, attributes: Sequence[str]) -> None:
    label = ET.SubElement(labels, "label")
    _text(label, "name", name)
    found = ET.SubElement(label, "attributes")
    for one in attributes:
        attribute = ET.SubElement(found, "attribute")
        for key, value in _attribute(one).items():
            if key == "values":
                _text(attribute, key, "")
            else:
                _text(attribute, key, str(value))


def _image(document: ET.Element, row: Mapping[str, Any], root: str, tag: str) -> None:
    name = row["id"] if row["uri"] is None else below_root(row["uri"], root)
    image = ET.SubElement(document, "image", id=str(row["rank"] - 1), name=xml_text(name))
    if row["width"] is not None:
        image.set("width", str(row["width"]))
        image.set("height", str(row["height"]))
    asked = ET.SubElement(image, "tag", label=tag, source="auto")
    values = {**row, "batch": row["group"], "sample": row["id"]}
    for one in _ASKED:
        if values[one] is not None:
            ET.SubElement(asked, "attribute", name=one).text = xml_text(str(values[one]))
    if row["suggested_label"] is not None:
        ET.SubElement(image, "tag", label=xml_text(row["suggested_label"]), source="auto")
    for box in row["boxes"]:
        _object(image, row, box)


def _object(image: ET.Element, row: Mapping[str, Any], box: Mapping[str, Any]) -> None:
    common = {"label": xml_text(box["class"]), "source": "auto", "occluded": "0", "z_order": "0"}
    if box["mask"] is not None and row["width"] is not None:
        mask = decode_mask(box["mask"], row["height"], row["width"])
        if mask.any():
            ET.SubElement(image, "mask", common | _runs(mask))
        return
    corners = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
    places = zip(("xtl", "ytl", "xbr", "ybr"), corners, strict=True)
    ET.SubElement(image, "box", common | {name: f"{value:.2f}" for name, value in places})


def _runs(mask: NDArray[np.bool_]) -> dict[str, str]:
    """Encode a mask as CVAT does: runs of the pixels in its box, row by row, of zeros first."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    inside = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    flat = inside.reshape(-1)
    edges = [0, *(np.flatnonzero(np.diff(flat)) + 1).tolist(), flat.size]
    lengths = [stop - start for start, stop in pairwise(edges)]
    if flat[0]:
        lengths.insert(0, 0)
    return {
        "rle": ", ".join(map(str, lengths)),
        "left": str(left),
        "top": str(top),
        "width": str(inside.shape[1]),
        "height": str(inside.shape[0]),
    }


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = xml_text(text)

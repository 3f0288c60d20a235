"""A labelling queue as Label Studio's tasks with predictions."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from seatrial.datasets.rle import decode_mask
from seatrial.labelling.brush import brush_rle
from seatrial.labelling.places import below_root
from seatrial.labelling.queue import LabellingQueue
from seatrial.labelling.xml_text import xml_file, xml_text
from seatrial.storage import is_remote

__all__ = ["write_label_studio"]

#: Where Label Studio serves files of a local storage.
_LOCAL_FILES = "/data/local-files/?d="


def write_label_studio(queue: LabellingQueue, folder: Path, root: str) -> tuple[str, ...]:
    """Write ``label_studio.json`` (tasks to import) and ``label_studio_config.xml`` (their interface).

    A task's ``image`` is a URI, or a local path as Label Studio serves it when its local file storage is set
    to ``root``. Its predictions are what is suggested: choices, rectangles in per cent, brush strokes.

    Args:
        queue: What to label.
        folder: Folder that exists.
        root: Folder that Label Studio's local storage shows.

    Returns:
        The files' names.
    """
    names = ("label_studio.json", "label_studio_config.xml")
    tasks = [_task(row, root) for row in queue.rows()]
    text = json.dumps(tasks, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / names[0]).write_text(text + "\n", encoding="utf-8")
    # Label Studio takes no interface that declares its encoding
    (folder / names[1]).write_bytes(xml_file(_interface(queue), declared=False))
    return names


def _task(row: Mapping[str, Any], root: str) -> dict[str, Any]:
    data = {
        "image": row["id"] if row["uri"] is None else _address(row["uri"], root),
        "sample": row["id"],
        "reason": row["reason"],
        "priority": row["priority"],
        "batch": row["group"],
        "label": row["label"],
    }
    task: dict[str, Any] = {
        "id": row["rank"],
        "data": {name: value for name, value in data.items() if value is not None},
    }
    results = _results(row)
    return {**task, "predictions": [{"model_version": "seatrial", "result": results}]} if results else task


def _address(uri: str, root: str) -> str:
    return uri if is_remote(uri) else _LOCAL_FILES + quote(below_root(uri, root).lstrip("/"))


def _results(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    results = []
    if row["suggested_label"] is not None:
        results.append(_result(row, 0, "choices", {"choices": [row["suggested_label"]]}))
    if row["width"] is None:
        return results  # per cent of what size?
    for number, box in enumerate(row["boxes"], start=1):
        kind = "rectanglelabels" if box["mask"] is None else "brushlabels"
        value = _rectangle(row, box) if box["mask"] is None else _strokes(row, box)
        size = {"original_width": row["width"], "original_height": row["height"], "image_rotation": 0}
        score = {} if box["score"] is None else {"score": box["score"]}
        results.append(size | _result(row, number, kind, {**value, kind: [box["class"]]}) | score)
    return results


def _result(row: Mapping[str, Any], number: int, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    name = f"{row['rank']}-{number}"
    return {"id": name, "from_name": kind, "to_name": "image", "type": kind, "value": value}


def _rectangle(row: Mapping[str, Any], box: Mapping[str, Any]) -> dict[str, Any]:
    wide, high = row["width"] / 100, row["height"] / 100
    return {
        "x": box["x"] / wide,
        "y": box["y"] / high,
        "width": box["width"] / wide,
        "height": box["height"] / high,
        "rotation": 0,
    }


def _strokes(row: Mapping[str, Any], box: Mapping[str, Any]) -> dict[str, Any]:
    return {"format": "rle", "rle": brush_rle(decode_mask(box["mask"], row["height"], row["width"]))}


def _interface(queue: LabellingQueue) -> ET.Element:
    view = ET.Element("View")
    ET.SubElement(view, "Header", value="$reason")
    ET.SubElement(view, "Image", name="image", value="$image", zoom="true")
    match queue.task:
        case "classification":
            _names(view, "Choices", "Choice", queue.classes)
        case "detection":
            _names(view, "RectangleLabels", "Label", queue.classes)
            _names(view, "BrushLabels", "Label", queue.classes)
        case "segmentation":
            _names(view, "BrushLabels", "Label", queue.classes)
    return view


def _names(view: ET.Element, tag: str, entry: str, classes: Sequence[str]) -> None:
    parent = ET.SubElement(view, tag, name=tag.lower(), toName="image")
    for name in classes:
        ET.SubElement(parent, entry, value=xml_text(name))

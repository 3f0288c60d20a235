"""A labelling queue as an instances file of COCO."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seatrial.datasets.rle import mask_areas
from seatrial.labelling.places import below_root
from seatrial.labelling.queue import LabellingQueue

__all__ = ["write_coco"]


def write_coco(queue: LabellingQueue, folder: Path, root: str) -> tuple[str, ...]:
    """Write ``labelling_coco.json``.

    An image's ``id`` is its rank; ``sample`` is its id in the data set, ``reason``, ``priority``, ``batch``
    (the queue's group), ``label`` and ``suggested_label`` say what is asked of it. Annotations are the
    proposed objects; what is proposed of a mask is a run-length encoding.

    Args:
        queue: What to label.
        folder: Folder that exists.
        root: Folder that ``file_name`` is relative to.

    Returns:
        The file's name.
    """
    rows = queue.rows()
    categories = {name: number for number, name in enumerate(queue.classes, start=1)}
    found = [(row, box) for row in rows for box in row["boxes"]]
    body = {
        "info": {
            "description": f"labelling queue of {queue.name}",
            "task": queue.task,
            "contributor": "seatrial",
        },
        "licenses": [],
        "images": [_image(row, root) for row in rows],
        "annotations": [
            _annotation(number, row, box, categories) for number, (row, box) in enumerate(found, start=1)
        ],
        "categories": [{"id": number, "name": name} for name, number in categories.items()],
    }
    name = "labelling_coco.json"
    text = json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / name).write_text(text + "\n", encoding="utf-8")
    return (name,)


def _image(row: Mapping[str, Any], root: str) -> dict[str, Any]:
    said = {
        "id": row["rank"],
        "file_name": row["id"] if row["uri"] is None else below_root(row["uri"], root),
        "width": row["width"],
        "height": row["height"],
        "sample": row["id"],
        "reason": row["reason"],
        "priority": row["priority"],
        "batch": row["group"],
        "label": row["label"],
        "suggested_label": row["suggested_label"],
    }
    return {name: value for name, value in said.items() if value is not None}


def _annotation(
    number: int, row: Mapping[str, Any], box: Mapping[str, Any], categories: Mapping[str, int]
) -> dict[str, Any]:
    said = {
        "id": number,
        "image_id": row["rank"],
        "category_id": categories[box["class"]],
        "bbox": [box["x"], box["y"], box["width"], box["height"]],
        "area": box["width"] * box["height"],
        "iscrowd": 0,
    }
    if box["mask"] is not None and row["height"] is not None:
        counts = box["mask"].decode("ascii")
        said["segmentation"] = {"size": [row["height"], row["width"]], "counts": counts}
        said["area"] = float(mask_areas([box["mask"]])[0])
    return said if box["score"] is None else {**said, "score": box["score"]}

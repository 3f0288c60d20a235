"""What Label Studio's SDK and Datumaro read of a folder of exports; runs in an environment that has both.

Reads one JSON object from standard input (``folder``, ``images``) and writes one to standard output.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset
from label_studio_sdk.converter.brush import decode_rle
from label_studio_sdk.label_interface import LabelInterface


def label_studio(folder: Path) -> dict[str, Any]:
    """Validate the interface and the predictions; decode strokes."""
    interface = LabelInterface((folder / "label_studio_config.xml").read_text(encoding="utf-8"))
    interface.validate()
    tasks = json.loads((folder / "label_studio.json").read_text(encoding="utf-8"))
    predictions = [one for task in tasks for one in task.get("predictions", [])]
    strokes = [
        decode_rle(region["value"]["rle"]).reshape(region["original_height"], region["original_width"], 4)
        for one in predictions
        for region in one["result"]
        if region["type"] == "brushlabels"
    ]
    return {
        "errors": [
            error for one in predictions for error in interface.validate_prediction(one, return_errors=True)
        ],
        "predictions": len(predictions),
        "regions": sum(len(one["result"]) for one in predictions),
        "strokes": [np.flatnonzero(one[:, :, 3]).tolist() for one in strokes],
    }


def datumaro(found: Dataset) -> list[dict[str, Any]]:
    """Give each image's labels, boxes and masks."""
    names = [one.name for one in found.categories()[AnnotationType.label].items]
    return [
        {"id": item.id, "annotations": [_annotation(one, names) for one in item.annotations]}
        for item in found
    ]


def _annotation(one: Any, names: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {"type": one.type.name, "label": names[one.label]}
    if one.type is AnnotationType.bbox:
        return said | {"box": list(one.get_bbox())}
    if one.type is AnnotationType.mask:
        return said | {"pixels": np.flatnonzero(one.image).tolist()}
    return said | {"attributes": one.attributes}


def main() -> None:
    """Read everything."""
    given = json.load(sys.stdin)
    folder = Path(given["folder"])
    cvat = Dataset.import_from(given["cvat"], "cvat")
    json.dump({"label_studio": label_studio(folder), "cvat": datumaro(cvat)}, sys.stdout)


main()

"""Check ``object_boxes``: objects whose box or mask cannot be right."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets.box_format import outside
from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding
from seatrial.quality.object_columns import object_boxes_of, object_image_sizes

__all__ = ["object_boxes"]

_KINDS = {
    "outside": "reach outside of the image",
    "empty": "have no area",
    "empty_mask": "have a mask without pixels",
    "duplicate": "are there twice",
}


def object_boxes(given: CheckInput) -> Found:
    """Report boxes outside of their image, boxes and masks without area, and boxes that are there twice.

    One finding an image and kind, with the ids of the annotations; the score is their number. An image is
    as large as its file is, or as its annotations say where it cannot be read. Two boxes of one class are
    one where their intersection over union is ``duplicate_box_iou`` or more.
    """
    data = given.data
    if data.manifest.objects is None:
        raise NotApplicableError(f"the data set is for {data.manifest.task}, it has no boxes")
    names = ("image", "annotation", "class")
    columns = {name: data.manifest.objects.column(name).to_pylist() for name in names}
    boxes, limits = object_boxes_of(data), object_image_sizes(data)
    empty = (boxes[:, 2:] <= 0).any(axis=1)
    masks = data.manifest.objects.column("mask").is_valid().to_numpy()
    flagged = {
        "outside": outside(boxes, limits),
        "empty": empty,
        "empty_mask": masks & (data.manifest.objects.column("area").to_numpy() == 0) & ~empty,
        "duplicate": _repeated(columns, boxes, given.options.duplicate_box_iou),
    }
    return Found(tuple(_findings(columns, boxes, flagged)))


def _findings(
    columns: Mapping[str, Sequence[str]],
    boxes: NDArray[np.float64],
    flagged: Mapping[str, NDArray[np.bool_]],
) -> Iterator[Finding]:
    for kind, chosen in flagged.items():
        images: defaultdict[str, list[int]] = defaultdict(list)
        for row in np.flatnonzero(chosen).tolist():
            images[columns["image"][row]].append(row)
        for image, rows in images.items():
            ids = [columns["annotation"][row] for row in rows]
            evidence: dict[str, Any] = {
                "kind": kind,
                "annotations": ids,
                "classes": sorted({columns["class"][row] for row in rows}),
                "boxes": [[round(side, 3) for side in boxes[row].tolist()] for row in rows],
            }
            message = f"{len(rows)} boxes {_KINDS[kind]}: {examples(ids)}"
            yield Finding("object_boxes", "warning", message, (image,), float(len(rows)), evidence)


def _repeated(
    columns: Mapping[str, Sequence[str]], boxes: NDArray[np.float64], iou: float
) -> NDArray[np.bool_]:
    """Tell which boxes have an earlier one of their class and image at nearly the same place."""
    groups: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(columns["image"], columns["class"], strict=True)):
        groups[key].append(row)
    found = np.zeros(len(boxes), dtype=np.bool_)
    for rows in groups.values():
        if len(rows) > 1:
            found[rows] = np.triu(_overlaps(boxes[rows]) >= iou, 1).any(axis=0)
    return found


def _overlaps(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes with each other, shape (k, k); 0 where both are empty."""
    low, high = boxes[:, None, :2], (boxes[:, :2] + boxes[:, 2:])[:, None]
    sides = np.minimum(high, high.swapaxes(0, 1)) - np.maximum(low, low.swapaxes(0, 1))
    both = sides.clip(0).prod(axis=2)
    areas = boxes[:, 2:].prod(axis=1)
    either = areas[:, None] + areas[None] - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0))

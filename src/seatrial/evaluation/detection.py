"""The tables that a detector's evaluation consists of, whoever ran the model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import OBJECT_COLUMNS, OBJECT_SCHEMA, object_attributes
from seatrial.datasets.rle import mask_areas
from seatrial.errors import InputError

__all__ = ["EVALUATED_OBJECT_SCHEMA", "DetectedObjects", "detection_tables"]

#: Columns of an evaluation's ``objects`` in front of annotation attributes.
EVALUATED_OBJECT_SCHEMA = pa.schema([*OBJECT_SCHEMA, ("role", pa.string()), ("score", pa.float64())])

#: Columns in front of the slice axes, in the order in which an evaluation holds them.
_FIRST = ("id", "annotated", "truths", "predictions", "group", "uri", "content")


@dataclass(frozen=True, slots=True)
class DetectedObjects:
    """What a model found in one image: k objects in the model's order.

    Attributes:
        boxes: Shape (k, 4), float64: x and y of the upper left corner, width, height, in pixels.
        scores: Shape (k,), float64, in [0, 1].
        classes: Class codes, shape (k,).
        masks: COCO's compressed run-length encoding of each object's mask, k of them, of the image's size
            (None for one that has only a box); None where there are only boxes.
    """

    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    classes: NDArray[np.int64]
    masks: tuple[bytes | None, ...] | None = None

    def __post_init__(self) -> None:
        """Check shapes and values.

        Raises:
            InputError: Lengths differ, a box is not finite, or a score is outside [0, 1].
        """
        count = len(self.scores)
        lengths = [len(self.boxes), len(self.classes), count if self.masks is None else len(self.masks)]
        if self.boxes.shape != (count, 4) or lengths != [count] * 3:
            raise InputError(
                f"expected as many boxes of four numbers, classes and masks as scores ({count}), "
                f"got boxes of shape {self.boxes.shape}, {lengths[1]} classes, {lengths[2]} masks"
            )
        for row in np.flatnonzero(~np.isfinite(self.boxes).all(axis=1)):
            raise InputError(f"prediction {row}: expected a box of numbers, got {self.boxes[row].tolist()}")
        for row in np.flatnonzero(~((self.scores >= 0) & (self.scores <= 1))):
            raise InputError(f"prediction {row}: expected a score in [0, 1], got {self.scores[row]}")


def detection_tables(
    images: pa.Table, truths: pa.Table, classes: tuple[str, ...], found: Sequence[DetectedObjects]
) -> tuple[pa.Table, pa.Table]:
    """Put truths and predictions beside each other.

    Args:
        images: Manifest rows, n of them, metadata and image properties included.
        truths: The manifest's objects; those of other images are left out.
        classes: Class names by the codes of the predictions.
        found: What the model found in each image, n of them.

    Returns:
        The ``samples`` and the ``objects`` of an evaluation table. A prediction's area is that of its mask
        where it has one, else of its box.

    Raises:
        InputError: A class code is outside the classes; names the image.
    """
    ids = images.column("id").to_pylist()
    rows = {one: row for row, one in enumerate(ids)}
    truth_rows = np.array([rows.get(one, -1) for one in truths.column("image").to_pylist()], dtype=np.int64)
    kept = np.flatnonzero(truth_rows >= 0)
    truths, truth_rows = truths.take(pa.array(kept)), truth_rows[kept]
    found_rows = np.repeat(np.arange(len(ids)), [len(one.scores) for one in found]).astype(np.int64)
    both = pa.concat_tables(
        [_truths(truths), _predictions(ids, found_rows, classes, found)], promote_options="default"
    )
    image = np.concatenate([truth_rows, found_rows])
    predicted = np.arange(len(image)) >= len(truth_rows)
    objects = both.take(pa.array(np.lexsort((predicted, image)))).combine_chunks()
    columns = {name: images.column(name) for name in images.column_names} | {
        "truths": pa.array(np.bincount(truth_rows, minlength=len(ids)), pa.int64()),
        "predictions": pa.array(np.bincount(found_rows, minlength=len(ids)), pa.int64()),
    }
    order = [*(name for name in _FIRST if name in columns), *(name for name in columns if name not in _FIRST)]
    return pa.table({name: columns[name] for name in order}).combine_chunks(), objects


def _truths(truths: pa.Table) -> pa.Table:
    attributes = object_attributes(truths)
    first = truths.select(list(OBJECT_COLUMNS))
    first = first.append_column("role", pa.array(["truth"] * len(truths), pa.string()))
    first = first.append_column("score", pa.nulls(len(truths), pa.float64()))
    for name in attributes:
        first = first.append_column(name, truths.column(name))
    return first


def _predictions(
    ids: Sequence[str], rows: NDArray[np.int64], classes: tuple[str, ...], found: Sequence[DetectedObjects]
) -> pa.Table:
    count = len(rows)
    codes = np.concatenate([one.classes for one in found]).astype(np.int64)
    for at in np.flatnonzero((codes < 0) | (codes >= len(classes))):
        raise InputError(
            f"image {ids[rows[at]]!r}: expected class codes from 0 to {len(classes) - 1}, got {codes[at]}"
        )
    boxes = np.concatenate([one.boxes for one in found]).astype(np.float64)
    masks = [mask for one in found for mask in (one.masks or (None,) * len(one.scores))]
    areas = boxes[:, 2] * boxes[:, 3]
    masked = [mask is not None for mask in masks]
    areas[np.array(masked, dtype=np.bool_)] = mask_areas([mask for mask in masks if mask is not None])
    no = pa.array(np.zeros(count, dtype=np.bool_))
    columns = [
        pa.array(ids, pa.string()).take(pa.array(rows)),
        pa.nulls(count, pa.string()),
        pa.array(classes, pa.string()).take(pa.array(codes)),
        *(pa.array(np.ascontiguousarray(boxes[:, side])) for side in range(4)),
        pa.array(areas),
        no,
        no,
        pa.array(masks, pa.binary()),
        pa.array(["prediction"] * count, pa.string()),
        pa.array(np.concatenate([one.scores for one in found]).astype(np.float64)),
    ]
    return pa.Table.from_arrays(columns, schema=EVALUATED_OBJECT_SCHEMA)

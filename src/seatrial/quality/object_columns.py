"""Boxes of a detection data set, and the sizes of the images that they are in."""

import numpy as np
from numpy.typing import NDArray

from seatrial.quality.measured import MeasuredDataset

__all__ = ["object_boxes_of", "object_image_sizes"]


def object_boxes_of(data: MeasuredDataset) -> NDArray[np.float64]:
    """Give x, y, width and height of every object, shape (objects, 4)."""
    objects = data.manifest.objects
    assert objects is not None
    sides = [objects.column(one).to_numpy() for one in ("x", "y", "width", "height")]
    return np.stack(sides, axis=1).astype(np.float64)


def object_image_sizes(data: MeasuredDataset) -> NDArray[np.float64]:
    """Give width and height of each object's image, shape (objects, 2).

    An image is as large as its file is, or as its annotations say where it cannot be read; infinite where
    nothing says it.
    """
    assert data.manifest.objects is not None
    rows = {one: row for row, one in enumerate(data.ids)}
    images = data.manifest.objects.column("image").to_pylist()
    return _sizes(data)[[rows[one] for one in images]].reshape(-1, 2)


def _sizes(data: MeasuredDataset) -> NDArray[np.float64]:
    measured = np.stack([data.property("width"), data.property("height")], axis=1)
    table = data.manifest.table
    if {"width", "height"} <= set(table.column_names):
        said = [table.column(one).to_numpy().astype(np.float64) for one in ("width", "height")]
        measured = np.where(np.isfinite(measured), measured, np.stack(said, axis=1))
    return np.where(np.isfinite(measured), measured, np.inf)

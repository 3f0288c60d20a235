"""Maps of instances as objects: each number that a pixel has, but zero, is an object."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets.object_rows import ObjectRow
from seatrial.datasets.rle import from_rle, mask_box

__all__ = ["instance_rows"]


def instance_rows(image: str, numbers: NDArray[np.integer[Any]], label: str) -> list[ObjectRow]:
    """Make an object of each instance, by its number.

    The runs of all instances are found in one pass down the columns.

    Args:
        image: The image's id.
        numbers: Instance of each pixel, shape (h, w); 0 is none.
        label: The class.
    """
    height, width = numbers.shape
    flat = numbers.ravel(order="F")
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1])
    ends = np.append(starts[1:], flat.size)
    values = flat[starts]
    rows = []
    order = np.argsort(values, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(values[order])) + 1):
        number = int(values[group[0]])
        if number == 0:
            continue
        edges = np.stack([starts[group], ends[group]], axis=1).ravel()
        if edges[-1] < flat.size:
            edges = np.append(edges, flat.size)
        counts = np.diff(edges, prepend=0).tolist()
        mask = from_rle({"size": [height, width], "counts": counts}, height, width)
        box = mask_box(mask, height, width)
        rows.append(ObjectRow(f"instance {number}", image, f"{image}:{number}", label, box, mask=mask))
    return rows

"""Which images could be exact duplicates, told from their properties, so that few are decoded again."""

import numpy as np
from numpy.typing import NDArray

from seatrial.images import PROPERTIES
from seatrial.quality.measured import MeasuredDataset, with_pixel_digests

__all__ = ["compare_lookalikes", "lookalikes"]

#: Two machines may differ in the last bits of a sum; equal images never differ by more than this.
_TOLERANCE = 1e-5

_KEYS = ("width", "height", "brightness", "contrast", "entropy", "saturation", "brightness_p05")


def lookalikes(properties: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark rows that agree with another row in every property.

    Rows are split by one property after another wherever sorted neighbours differ by more than the
    tolerance; equal images are never split, and groups of one are done.

    Args:
        properties: Shape (n, properties); rows with NaN match nothing.
    """
    alike = np.zeros(len(properties), dtype=bool)
    pending = [(np.flatnonzero(~np.isnan(properties).any(axis=1)), 0)]
    while pending:
        rows, column = pending.pop()
        if len(rows) < 2:  # noqa: PLR2004 - it takes two to be alike
            continue
        if column == properties.shape[1]:
            alike[rows] = True
            continue
        values = properties[rows, column]
        order = np.argsort(values, kind="stable")
        cuts = np.flatnonzero(np.diff(values[order]) > _TOLERANCE) + 1
        pending.extend((part, column + 1) for part in np.split(rows[order], cuts))
    return alike


def compare_lookalikes(
    data: MeasuredDataset, reference: MeasuredDataset | None, *, workers: int | None = None
) -> tuple[MeasuredDataset, MeasuredDataset | None]:
    """Make sure that every image that could equal another one has its pixel digest.

    Equal images have equal properties, so only images that agree with another one in all of them are
    decoded; those measured in this run have their digest already.

    Args:
        data: The data set.
        reference: The reference, or None.
        workers: Threads that decode.

    Returns:
        Both, completed.
    """
    both = [_properties(data)] + ([_properties(reference)] if reference else [])
    alike = lookalikes(np.concatenate(both))
    complete = with_pixel_digests(data, np.flatnonzero(alike[: len(data)]).tolist(), workers=workers)
    if reference is None:
        return complete, None
    rows = np.flatnonzero(alike[len(data) :]).tolist()
    return complete, with_pixel_digests(reference, rows, what="compare reference", workers=workers)


def _properties(data: MeasuredDataset) -> NDArray[np.float64]:
    assert set(_KEYS) <= set(PROPERTIES)
    return np.column_stack([data.property(name) for name in _KEYS])

"""A detector's steps after evaluation on 2,000 to 200,000 images of 80 classes, a champion beside."""

from collections.abc import Iterator

from benchmarks import scale_steps
from benchmarks.row import Row
from benchmarks.scale_steps import Curves

__all__ = ["COLUMNS", "rows"]

#: A fiftieth of the usual replicates: time is linear in them, memory does not depend on them.
_CURVES = Curves("detection", (2_000, 20_000, 200_000), ("few",), 20, "scale-detection.png")

COLUMNS = _CURVES.columns


def rows() -> Iterator[Row]:
    """Take each step in a process of its own: all metrics on 20 slices."""
    yield from scale_steps.rows(_CURVES)

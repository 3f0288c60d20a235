"""A classifier's steps after evaluation on 10,000 to 1,000,000 images of 50 classes, a champion beside."""

from collections.abc import Iterator

from benchmarks import scale_steps
from benchmarks.row import Row
from benchmarks.scale_steps import Curves

__all__ = ["COLUMNS", "rows"]

#: A quarter of the usual replicates: time is linear in them, memory does not depend on them.
_CURVES = Curves(
    "classification",
    (10_000, 100_000, 1_000_000),
    ("few", "many"),
    250,
    "scale-classification.png",
)

COLUMNS = _CURVES.columns


def rows() -> Iterator[Row]:
    """Take each step in a process of its own: all eight metrics on 20 and 500 slices."""
    yield from scale_steps.rows(_CURVES)

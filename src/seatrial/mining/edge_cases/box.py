"""A box of an object, as plain numbers."""

from collections.abc import Iterable

__all__ = ["Box", "as_box"]

#: x, y, width and height in pixels.
Box = tuple[float, float, float, float]


def as_box(sides: Iterable[float]) -> Box:
    """Take four numbers for a box."""
    x, y, width, height = map(float, sides)
    return x, y, width, height

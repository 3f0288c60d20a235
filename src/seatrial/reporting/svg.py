"""Write SVG elements and linear scales."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

__all__ = ["Scale", "element", "number"]


def number(value: float) -> str:
    """Write a coordinate in hundredths, in its shortest form."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Write one element.

    Args:
        name: Tag name.
        children: Text, which is escaped, or :class:`~markupsafe.Markup`, which is not.
        attributes: ``class_`` is ``class``; an underscore within a name is a hyphen; None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{''.join(escape(child) for child in children)}</{name}>")  # noqa: S704 - every part is escaped above


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else number(value)


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from values to pixels.

    Attributes:
        low: Value at ``start``.
        high: Value at ``stop``; greater than ``low``.
        start: Pixel of ``low``.
        stop: Pixel of ``high``.
    """

    low: float
    high: float
    start: float
    stop: float

    @classmethod
    def over(cls, values: Iterable[float | None], start: float, stop: float) -> "Scale":
        """Cover all values, with a little room on both sides."""
        present = [value for value in values if value is not None and math.isfinite(value)] or [0.0, 1.0]
        low, high = min(present), max(present)
        room = (high - low) * 0.06 or max(abs(low), 1.0) * 0.05
        return cls(low - room, high + room, start, stop)

    def __call__(self, value: float) -> float:
        """Give the pixel of a value; values beyond the ends stay at the ends."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + part * (self.stop - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Choose round values in the scale: multiples of 1, 2 or 5 times a power of ten."""
        raw = (self.high - self.low) / about
        power = 10 ** math.floor(math.log10(raw))
        step = next(power * one for one in (1, 2, 5, 10) if power * one >= raw)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [round(index * step, 12) + 0.0 for index in range(first, last + 1)]

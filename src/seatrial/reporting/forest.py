"""Forest plots as SVG: intervals against a limit, one row each.

Colours are presentation attributes, so that a figure stands alone; the report's style sheet overrides
them by class, so that the same figure follows light and dark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from seatrial.reporting.svg import Scale, element

__all__ = [
    "Favourable",
    "ForestRow",
    "Interval",
    "axis",
    "forest_plot",
    "interval_marks",
    "limit_marks",
    "spanning",
]

Favourable = Literal["right", "left"]

_COLOURS = {
    "pass": "#00756b",
    "better": "#00756b",
    "fail": "#b8400e",
    "worse": "#b8400e",
    "inconclusive": "#8f6400",
    "waived": "#8f6400",
    "error": "#8a3d9c",
    "candidate": "#1f5fae",
    "unclear": "#5b6672",
    "baseline": "#5b6672",
}
_ROW = 28
_FONT = "system-ui, sans-serif"


@dataclass(frozen=True, slots=True)
class Interval:
    """A point with its interval, in data units; the bounds may be unknown."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of a forest plot.

    Attributes:
        label: What was measured, e.g. the slice's name.
        text: The numbers in words, at the right.
        interval: The candidate's value, or a difference.
        tone: What colours it: ``pass``, ``fail``, ``inconclusive``, ``error``, ``worse``, ``better``,
            ``unclear`` or ``candidate``.
        baseline: The champion's value, drawn hollow above the candidate's.
        hover: Tooltip; ``label`` and ``text`` where empty.
    """

    label: str
    text: str
    interval: Interval
    tone: str = "candidate"
    baseline: Interval | None = None
    hover: str = ""


def forest_plot(
    rows: Sequence[ForestRow],
    *,
    title: str,
    limit: float | None = None,
    favourable: Favourable | None = None,
    tick: Callable[[float], str] = "{:g}".format,
    width: int = 760,
) -> Markup:
    """Draw rows on one scale as a stand-alone SVG.

    Args:
        rows: What to draw, from the top.
        title: What the figure shows; also its accessible name.
        limit: Value that every row is held against.
        favourable: Which side of the limit is good; the other is shaded.
        tick: Writes the axis labels; a tick without one is left out.
        width: Width in pixels; a row is 28 high.

    Returns:
        An ``<svg>`` element with explicit colours; the same rows give the same bytes.
    """
    left, right, top = width * 0.27, width * 0.64, 34.0
    scale = spanning([row.interval for row in rows], [row.baseline for row in rows], limit, left, right)
    bottom = top + _ROW * len(rows)
    parts = [
        element("title", title),
        _text(0, 18, title, font_size=15, font_weight=600),
        *limit_marks(scale, limit, favourable, top, bottom),
        *axis(scale, bottom, tick),
    ]
    for index, row in enumerate(rows):
        middle = top + _ROW * (index + 0.5)
        parts.append(
            element(
                "g",
                element("title", row.hover or f"{row.label}: {row.text}"),
                _text(left - 12, middle + 4, row.label, text_anchor="end"),
                *interval_marks(scale, row.interval, row.tone, row.baseline, middle),
                _text(right + 14, middle + 4, row.text),
            )
        )
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {bottom + 30:g}",
        width=width,
        role="img",
        font_family=_FONT,
        font_size=12.5,
    )


def spanning(
    intervals: Sequence[Interval],
    baselines: Sequence[Interval | None],
    limit: float | None,
    start: float,
    stop: float,
) -> Scale:
    """Give the scale that shows every interval and the limit."""
    shown = [*intervals, *(one for one in baselines if one is not None)]
    values = [value for one in shown for value in (one.value, one.low, one.high)]
    return Scale.over([*values, limit], start, stop)


def limit_marks(
    scale: Scale, limit: float | None, favourable: Favourable | None, top: float, bottom: float
) -> list[Markup]:
    """Draw the limit and shade its bad side."""
    if limit is None:
        return []
    at = scale(limit)
    marks = []
    if favourable is not None:
        start, stop = (scale.start, at) if favourable == "right" else (at, scale.stop)
        marks.append(
            element(
                "rect",
                class_="st-beyond",
                x=start,
                y=top,
                width=max(stop - start, 0.0),
                height=bottom - top,
                fill="#b8400e",
                fill_opacity=0.09,
            )
        )
    marks.append(
        element(
            "line", class_="st-limit", x1=at, x2=at, y1=top, y2=bottom, stroke="#3d4650", stroke_width=1.5
        )
    )
    return marks


def interval_marks(
    scale: Scale, interval: Interval, tone: str, baseline: Interval | None, middle: float
) -> list[Markup]:
    """Draw the champion hollow and the candidate filled, around ``middle``."""
    marks: list[Markup] = []
    offset = 0.0 if baseline is None else 4.5
    if baseline is not None:
        marks += _bar(scale, baseline, "baseline", middle - offset, hollow=True)
    return marks + _bar(scale, interval, tone, middle + offset, hollow=False)


def _bar(scale: Scale, interval: Interval, tone: str, y: float, *, hollow: bool) -> list[Markup]:
    colour = _COLOURS.get(tone, _COLOURS["unclear"])
    marks = []
    if interval.low is not None and interval.high is not None:
        marks.append(
            element(
                "line",
                class_=f"st-bar st-{tone}",
                x1=scale(interval.low),
                x2=scale(interval.high),
                y1=y,
                y2=y,
                stroke=colour,
                stroke_width=1.5 if hollow else 3,
                stroke_linecap="round",
            )
        )
    marks.append(
        element(
            "circle",
            class_=f"st-{'ring' if hollow else 'dot'} st-{tone}",
            cx=scale(interval.value),
            cy=y,
            r=3.2 if hollow else 4.6,
            fill="#ffffff" if hollow else colour,
            stroke=colour if hollow else "#ffffff",
            stroke_width=1.5,
        )
    )
    return marks


def axis(scale: Scale, y: float, tick: Callable[[float], str]) -> list[Markup]:
    """Draw an axis with labelled ticks below ``y``."""
    marks = [element("line", class_="st-axis", x1=scale.start, x2=scale.stop, y1=y, y2=y, stroke="#aab2bb")]
    for value in scale.ticks():
        at, label = scale(value), tick(value)
        if not label:
            continue
        marks.append(element("line", class_="st-axis", x1=at, x2=at, y1=y, y2=y + 4, stroke="#aab2bb"))
        marks.append(_text(at, y + 17, label, text_anchor="middle", font_size=11, class_="st-tick"))
    return marks


def _text(x: float, y: float, text: str, **attributes: str | float | None) -> Markup:
    return element("text", text, x=x, y=y, **{"class_": "st-text", "fill": "#1d2733", **attributes})

"""Reliability diagram as SVG: how often a model is right at each confidence."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from seatrial.reporting.display import count, share
from seatrial.reporting.svg import Scale, element
from seatrial.statistics import wilson

__all__ = ["reliability_diagram"]

_SIDE, _LEFT, _TOP, _BARS = 300.0, 44.0, 12.0, 56.0


def reliability_diagram(bins: Sequence[dict[str, Any]], confidence: float, *, title: str) -> Markup:
    """Draw accuracy over mean confidence with Wilson intervals, above a histogram of confidences.

    Args:
        bins: Bins of one model: ``low``, ``high``, ``n``, ``confidence``, ``accuracy``.
        confidence: Confidence level of the intervals.
        title: Accessible name.

    Returns:
        An ``<svg>`` element. On the diagonal a model is as often right as it says; below it, it claims
        too much.
    """
    filled = [one for one in bins if one["n"] > 0]
    across = Scale(0.0, 1.0, _LEFT, _LEFT + _SIDE)
    up = Scale(0.0, 1.0, _TOP + _SIDE, _TOP)
    parts = [element("title", title), *_grid(across, up)]
    points = " ".join(f"{across(one['confidence']):.2f},{up(one['accuracy']):.2f}" for one in filled)
    parts.append(
        element(
            "polyline",
            points=points,
            class_="st-curve st-candidate",
            fill="none",
            stroke="#1f5fae",
            stroke_width=1.5,
        )
    )
    most = max((one["n"] for one in filled), default=1)
    parts.extend(_bin(one, confidence, across, up, most) for one in filled)
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_LEFT + _SIDE + 12:g} {_TOP + _SIDE + _BARS + 44:g}",
        class_="reliability",
        role="img",
        font_family="system-ui, sans-serif",
        font_size=11,
    )


def _grid(across: Scale, up: Scale) -> list[Markup]:
    foot = _TOP + _SIDE
    parts = [
        element(
            "line",
            x1=across(0),
            y1=up(0),
            x2=across(1),
            y2=up(1),
            class_="st-zero",
            stroke="#aab2bb",
            stroke_dasharray="4 4",
        )
    ]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = across(tick), up(tick)
        parts += [
            element("line", x1=_LEFT, x2=_LEFT + _SIDE, y1=y, y2=y, class_="st-grid", stroke="#dfe3e8"),
            _label(_LEFT - 8, y + 4, f"{tick * 100:g}", "end"),
            _label(x, foot + _BARS + 18, f"{tick * 100:g}", "middle"),
        ]
    parts.append(
        _label(_LEFT + _SIDE / 2, foot + _BARS + 36, "confidence of the prediction, per cent", "middle")
    )
    return parts


def _label(x: float, y: float, text: str, anchor: str) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor, class_="st-tick", fill="#5b6672")


def _bin(one: dict[str, Any], confidence: float, across: Scale, up: Scale, most: int) -> Markup:
    x, n = across(one["confidence"]), int(one["n"])
    low, high = wilson(round(one["accuracy"] * n), n, confidence)
    foot, height = _TOP + _SIDE + _BARS, (_BARS - 10) * n / most
    says = (
        f"confidence {share(one['low'])} to {share(one['high'])}: right {one['accuracy'] * 100:.1f} %, "
        f"{share(confidence)} interval {low * 100:.1f} to {high * 100:.1f} %, "
        f"says {one['confidence'] * 100:.1f} %, n = {count(n)}"
    )
    left, right = across(one["low"]), across(one["high"])
    return element(
        "g",
        element("title", says),
        element(
            "rect",
            x=left,
            y=_TOP,
            width=right - left,
            height=_SIDE + _BARS,
            class_="st-hit",
            fill="transparent",
        ),
        element(
            "rect",
            x=left + 1,
            y=foot - height,
            width=max(right - left - 2, 1),
            height=height,
            class_="st-hist",
            fill="#c3ccd6",
        ),
        element(
            "line",
            x1=x,
            x2=x,
            y1=up(low),
            y2=up(high),
            class_="st-bar st-candidate",
            stroke="#1f5fae",
            stroke_width=3,
            stroke_linecap="round",
            stroke_opacity=0.45,
        ),
        element(
            "circle",
            cx=x,
            cy=up(one["accuracy"]),
            r=4.2,
            class_="st-dot st-candidate",
            fill="#1f5fae",
            stroke="#ffffff",
            stroke_width=1.5,
        ),
    )

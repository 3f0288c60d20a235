"""What got worse, and what got better: paired differences, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from seatrial.reporting.display import MetricDisplay, count, metric_display, plain
from seatrial.reporting.forest import Interval, axis, interval_marks, spanning
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.svg import Scale, element
from seatrial.slices import ALL, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable

__all__ = [
    "Change",
    "Changes",
    "MetricTally",
    "OverallMetric",
    "changes",
    "overall",
    "tallies",
    "worst_first",
]

_WIDTH, _HEIGHT, _EDGE = 300, 30, 10
_WORST, _BEST = 8, 3


@dataclass(frozen=True, slots=True)
class Change:
    """One paired difference, ready to be written."""

    name: str
    direction: str
    sign: str
    value: str
    interval: str
    before: str
    now: str
    n: str
    hover: str
    figure: Markup


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one metric over many slices or classes."""

    metric: str
    worst: tuple[Change, ...]
    best: tuple[Change, ...]
    total: int
    higher: bool
    axis: Markup


@dataclass(frozen=True, slots=True)
class MetricTally:
    """On how many slices a metric got worse, better, or neither can be said."""

    metric: str
    worse: int
    unclear: int
    better: int


@dataclass(frozen=True, slots=True)
class OverallMetric:
    """One metric on everything."""

    label: str
    description: str
    value: str
    hover: str
    reason: str
    before: str
    direction: str
    sign: str
    change: str
    change_interval: str
    change_hover: str
    before_hover: str
    n: str


SIGNS = {"worse": "▼", "better": "▲", "unclear": "·"}


def overall(inputs: ReportInputs) -> list[OverallMetric]:
    """Give every metric on the slice of everything."""
    rows = (inputs.find(ALL, metric) for metric in inputs.metrics)
    return [_overall(row, inputs.confidence) for row in rows if row is not None]


def worst_first(inputs: ReportInputs, metric: str, *, by_class: bool = False) -> list[SliceRow]:
    """Give what was compared, the surest loss first.

    First what is proven worse by its proven loss, then what is unclear by its point difference, then what is
    proven better by its proven gain; so a wide interval of a tiny slice does not come before a sure loss.

    Args:
        inputs: The slice report.
        metric: The metric.
        by_class: Give the classes of the slice of everything instead of the slices.
    """
    display = metric_display(metric)
    compared = [
        row
        for row in inputs.slices.rows
        if row.metric == metric
        and row.difference is not None
        and (row.slice == ALL) == by_class
        and (row.class_ is not None) == by_class
    ]
    return sorted(compared, key=lambda row: (*_sureness(row, display), row.slice, row.class_ or ""))


def _sureness(row: SliceRow, display: MetricDisplay) -> tuple[int, float]:
    difference = _difference(row)
    low, high = sorted((display.gain(difference.low), display.gain(difference.high)))
    match display.direction(difference):
        case "worse":
            return 0, high
        case "better":
            return 2, low
        case _:
            return 1, display.gain(difference.value)


def changes(inputs: ReportInputs, metric: str, *, by_class: bool = False) -> Changes | None:
    """Choose the changes to show: the surest losses and gains; None where nothing was compared."""
    display = metric_display(metric)
    rows = worst_first(inputs, metric, by_class=by_class)
    if not rows:
        return None
    worst = rows[:_WORST] if len(rows) > _WORST + _BEST else rows
    best = rows[-_BEST:] if len(rows) > _WORST + _BEST else []
    scale = _scale([*worst, *best])
    return Changes(
        display.label,
        tuple(_change(row, scale, display, inputs.confidence) for row in worst),
        tuple(_change(row, scale, display, inputs.confidence) for row in best),
        len(rows),
        display.higher_is_better,
        _axis(scale, display),
    )


def tallies(inputs: ReportInputs) -> list[MetricTally]:
    """Count, for every metric, the slices whose interval lies wholly on one side of no change."""
    found = []
    for metric in inputs.metrics:
        display = metric_display(metric)
        directions = [display.direction(_difference(row)) for row in worst_first(inputs, metric)]
        if directions:
            found.append(
                MetricTally(display.label, *(directions.count(one) for one in ("worse", "unclear", "better")))
            )
    return found


def _overall(row: SliceRow, confidence: float) -> OverallMetric:
    display = metric_display(row.metric)
    difference = row.difference
    direction = "unclear" if difference is None else display.direction(difference)
    return OverallMetric(
        label=display.label,
        description=display.description,
        value=display.value(row.candidate.value) if isinstance(row.candidate, Estimate) else "—",
        hover=display.hover(row.candidate, confidence) if isinstance(row.candidate, Estimate) else "",
        reason=plain(row.candidate.reason) if isinstance(row.candidate, NotComputable) else "",
        before=display.value(row.baseline.value) if isinstance(row.baseline, Estimate) else "",
        direction=direction,
        sign=SIGNS[direction],
        change="" if difference is None else display.change(difference.value),
        change_interval=""
        if difference is None
        else display.change_interval(difference.low, difference.high),
        change_hover="" if difference is None else display.change_hover(difference, confidence),
        before_hover=f"champion: {display.hover(row.baseline, confidence)}"
        if isinstance(row.baseline, Estimate)
        else "",
        n=count(row.candidate.n),
    )


def _difference(row: SliceRow) -> Difference:
    assert row.difference is not None, "only compared rows are kept"
    return row.difference


def _scale(rows: Sequence[SliceRow]) -> Scale:
    found = [_difference(row) for row in rows]
    intervals = [Interval(one.value, one.low, one.high) for one in found]
    return spanning(intervals, [], 0.0, _EDGE, _WIDTH - _EDGE)


def _axis(scale: Scale, display: MetricDisplay) -> Markup:
    def tick(value: float) -> str:
        shown = value * 100 if display.percent else value
        return (f"{shown:+g}" if shown else "0").replace("-", "−")

    return element(
        "svg", *axis(scale, 1, tick), class_="interval axis", viewBox=f"0 0 {_WIDTH} 22", aria_hidden="true"
    )


def _change(row: SliceRow, scale: Scale, display: MetricDisplay, confidence: float) -> Change:
    difference = _difference(row)
    name = plain(row.class_ if row.slice == ALL and row.class_ is not None else row.slice)
    direction = display.direction(difference)
    hover = f"{name}: {display.change_hover(difference, confidence)}"
    at = scale(0.0)
    return Change(
        name=name,
        direction=direction,
        sign=SIGNS[direction],
        value=display.change(difference.value),
        interval=display.change_interval(difference.low, difference.high),
        before=display.value(row.baseline.value) if isinstance(row.baseline, Estimate) else "—",
        now=display.value(row.candidate.value) if isinstance(row.candidate, Estimate) else "—",
        n=count(difference.n),
        hover=hover,
        figure=element(
            "svg",
            element("title", hover),
            element("line", class_="st-zero", x1=at, x2=at, y1=0, y2=_HEIGHT, stroke="#aab2bb"),
            *interval_marks(
                scale,
                Interval(difference.value, difference.low, difference.high),
                direction,
                None,
                _HEIGHT / 2,
            ),
            class_="interval",
            viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
            role="img",
        ),
    )

"""The verdict's decisions as the report shows them: by rule, each interval against its limit."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from seatrial.gates import Decision, Outcome
from seatrial.reporting.display import MetricDisplay, count, metric_display, plain, share
from seatrial.reporting.forest import Interval, axis, interval_marks, limit_marks, spanning
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.svg import Scale, element
from seatrial.reporting.units import COUNTED, PAIRED, favourable, numbers
from seatrial.slices import ALL, SliceRow
from seatrial.statistics import Estimate

__all__ = ["OUTCOME_WORDS", "DecisionView", "RuleView", "rules"]

OUTCOME_WORDS = {
    Outcome.PASS: "Pass",
    Outcome.FAIL: "Fail",
    Outcome.INCONCLUSIVE: "Inconclusive",
    Outcome.ERROR: "Error",
    Outcome.SKIPPED: "Skipped",
}

_TITLES = {
    "min": "{metric} must reach a floor{where}",
    "max": "{metric} must stay below a ceiling{where}",
    "no_regression": "{metric} must not be worse than the champion’s{where}",
    "non_inferior": "{metric} must be no worse than the champion’s, within a margin{where}",
    "improve": "{metric} must be better than the champion’s{where}",
    "gap": "{metric} must not differ too much between the slices of {slice}",
    "coverage": "There must be enough samples{where}",
    "data": "The data must be sound: {slice}",
    "scenario": "Scenarios that the champion solves must stay solved",
}
_CLEAR = "Passes where the whole bar is clear of the shade; a bar across its edge is inconclusive."
_READING = {
    "no_regression": "Fails where the loss is proven, corrected for the number of slices tested; "
    "a bar across the line proves nothing either way.",
    "non_inferior": _CLEAR,
    "improve": _CLEAR,
    "min": _CLEAR,
    "max": _CLEAR,
}
_ORDER = [Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS, Outcome.SKIPPED]
_WIDTH, _HEIGHT, _EDGE = 300, 34, 10
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One decision, ready to be written."""

    outcome: str
    word: str
    slice: str
    value: str
    interval: str
    comparison: str
    reason: str
    n: str
    n_needed: str
    hover: str
    figure: Markup | None
    blocking: bool


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule with its decisions: what needs a look first, the rest behind a disclosure.

    ``open`` says whether it is shown unfolded: where it found something, or carries a pass.
    """

    id: str
    type: str
    title: str
    severity: str
    outcome: str
    word: str
    tally: str
    limit: str
    reading: str
    open: bool
    axis: Markup | None
    shown: tuple[DecisionView, ...]
    hidden: tuple[DecisionView, ...]


def rules(inputs: ReportInputs) -> list[RuleView]:
    """Group the decisions by rule: blocking rules first, then warnings, each in the policy's order."""
    grouped: dict[str, list[Decision]] = {}
    for decision in inputs.verdict.decisions:
        grouped.setdefault(decision.rule, []).append(decision)
    views = [_rule(group, inputs) for group in grouped.values()]
    urgency = ["error", "fail", "inconclusive", "waived", "pass", "skipped"]
    return sorted(views, key=lambda view: (view.severity != "block", urgency.index(view.outcome)))


def _rule(group: list[Decision], inputs: ReportInputs) -> RuleView:
    first = group[0]
    ordered = sorted(group, key=lambda one: (not one.blocking, _ORDER.index(one.outcome), not one.waiver))
    scale = _scale(group, inputs)
    views = [_decision(one, scale, inputs) for one in ordered]
    urgent = sum(1 for one in ordered if one.blocking or one.outcome is not Outcome.PASS or one.waiver)
    cut = max(min(urgent, _SHOWN), min(len(views), 5))
    if len(views) - cut <= 2:  # noqa: PLR2004 - a disclosure for two rows hides more than it tidies
        cut = len(views)
    worst = min((one.outcome for one in ordered), key=_ORDER.index)
    waived = worst is Outcome.PASS and any(one.waiver for one in group)
    limits = {numbers(one)[2] for one in group} - {""}
    return RuleView(
        id=plain(first.rule),
        type=first.type,
        title=_title(group),
        severity=first.severity,
        outcome="waived" if waived else str(worst),
        word="Waived" if waived else OUTCOME_WORDS[worst],
        tally=_tally(group),
        limit=f"{_bound(first)} {limits.pop()}" if len(limits) == 1 and first.type != "no_regression" else "",
        reading=_READING.get(first.type, ""),
        open=waived
        or worst not in {Outcome.PASS, Outcome.SKIPPED}
        or (inputs.verdict.promotes and worst is Outcome.PASS and first.severity == "block"),
        axis=None if scale is None else _axis(scale, first),
        shown=tuple(views[:cut]),
        hidden=tuple(views[cut:]),
    )


def _title(group: list[Decision]) -> str:
    first = group[0]
    label = metric_display(first.metric).label if first.metric else "metric"
    if first.class_ is not None:
        label = f"{label} of class {first.class_}"
    where = "" if first.slice == ALL else f" on {first.slice}"
    if len(group) > 1:
        where = " on every slice"
    text = _TITLES.get(first.type, first.type).format(metric=label, where=where, slice=first.slice)
    return plain(text[:1].upper() + text[1:])


def _bound(decision: Decision) -> str:
    if decision.type in PAIRED:
        return {"right": "above", "left": "below"}.get(favourable(decision) or "", "limit")
    return {"right": "at least", "left": "at most"}.get(favourable(decision) or "", "limit")


def _tally(group: Iterable[Decision]) -> str:
    outcomes = [decision.outcome for decision in group if not decision.waiver]
    parts = [
        f"{count(outcomes.count(one))} {OUTCOME_WORDS[one].lower()}" for one in _ORDER if one in outcomes
    ]
    waived = sum(1 for decision in group if decision.waiver)
    return ", ".join([*parts, f"{count(waived)} waived"] if waived else parts)


def _decision(decision: Decision, scale: Scale | None, inputs: ReportInputs) -> DecisionView:
    value, interval, limit = numbers(decision)
    row = inputs.find(decision.slice, decision.metric, decision.class_)
    name = decision.slice if decision.class_ is None else f"{decision.slice} · class {decision.class_}"
    level = f"{share(inputs.confidence)} interval"
    known = [
        value,
        f"{level} {interval}" if interval else "",
        f"n = {count(decision.n)}" if decision.n is not None else "",
    ]
    hover = ", ".join([*(one for one in known if one), f"limit {limit}" if limit else "no limit"])
    return DecisionView(
        outcome="waived" if decision.waiver else str(decision.outcome),
        word="Waived" if decision.waiver else OUTCOME_WORDS[decision.outcome],
        slice=plain(name),
        value=value,
        interval=interval,
        comparison=_comparison(decision, row),
        reason=plain(decision.reason, 600),
        n="" if decision.n is None else count(decision.n),
        n_needed="" if decision.n_needed is None else count(decision.n_needed),
        hover=hover,
        figure=None if scale is None else _figure(decision, scale, row, f"{plain(name)}: {hover}"),
        blocking=decision.blocking,
    )


def _comparison(decision: Decision, row: SliceRow | None) -> str:
    if row is None or decision.metric is None:
        return ""
    display = metric_display(decision.metric)
    match row.baseline, row.candidate:
        case Estimate(value=before), Estimate(value=now):
            return f"champion {display.value(before)} → candidate {display.value(now)}"
        case _:
            return ""


def _interval(decision: Decision) -> Interval | None:
    return None if decision.value is None else Interval(decision.value, decision.low, decision.high)


def _champion(decision: Decision, row: SliceRow | None) -> Interval | None:
    if decision.type not in {"min", "max"} or row is None or not isinstance(row.baseline, Estimate):
        return None
    return Interval(row.baseline.value, row.baseline.low, row.baseline.high)


def _scale(group: list[Decision], inputs: ReportInputs) -> Scale | None:
    drawn = [(decision, _interval(decision)) for decision in group]
    intervals = [interval for _, interval in drawn if interval is not None]
    if not intervals:
        return None
    champions = [_champion(one, inputs.find(one.slice, one.metric, one.class_)) for one, _ in drawn]
    limits = [Interval(one.limit) for one in group if one.limit is not None]
    zero = 0.0 if group[0].type in PAIRED | COUNTED else None
    return spanning([*intervals, *limits], champions, zero, _EDGE, _WIDTH - _EDGE)


def _figure(decision: Decision, scale: Scale, row: SliceRow | None, hover: str) -> Markup | None:
    interval = _interval(decision)
    if interval is None:
        return None
    zero = []
    if decision.type in PAIRED:
        at = scale(0.0)
        zero = [element("line", class_="st-zero", x1=at, x2=at, y1=0, y2=_HEIGHT, stroke="#aab2bb")]
    return element(
        "svg",
        element("title", hover),
        *limit_marks(scale, decision.limit, favourable(decision), 0, _HEIGHT),
        *zero,
        *interval_marks(
            scale,
            interval,
            "waived" if decision.waiver else str(decision.outcome),
            _champion(decision, row),
            _HEIGHT / 2,
        ),
        class_="interval",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
    )


def _axis(scale: Scale, decision: Decision) -> Markup:
    return element(
        "svg",
        *axis(scale, 1, _tick(decision)),
        class_="interval axis",
        viewBox=f"0 0 {_WIDTH} 22",
        aria_hidden="true",
    )


def _tick(decision: Decision) -> "_Tick":
    display = metric_display(decision.metric) if decision.metric and decision.type not in COUNTED else None
    return _Tick(display, signed=decision.type in PAIRED)


@dataclass(frozen=True, slots=True)
class _Tick:
    display: MetricDisplay | None
    signed: bool

    def __call__(self, value: float) -> str:
        if self.display is None and value != int(value):
            return ""
        shown = value * 100 if self.display is not None and self.display.percent else value
        text = f"{shown:+g}" if self.signed and shown else f"{shown:g}"
        return text.replace("-", "−")

"""The verdict's decisions as the report shows them: by rule, each interval against its limit."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from seatrial.gates import Decision, Outcome
from seatrial.reporting.display import MetricDisplay, count, metric_display, plain, share
from seatrial.reporting.forest import Favourable, Interval, axis, interval_marks, limit_marks, spanning
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.svg import Scale, element
from seatrial.slices import SliceRow
from seatrial.statistics import Estimate

__all__ = ["OUTCOME_WORDS", "DecisionView", "RuleView", "favourable", "numbers", "rules"]

OUTCOME_WORDS = {
    Outcome.PASS: "Pass",
    Outcome.FAIL: "Fail",
    Outcome.INCONCLUSIVE: "Inconclusive",
    Outcome.ERROR: "Error",
    Outcome.SKIPPED: "Skipped",
}

#: Rules whose decisions hold a difference between candidate and champion.
PAIRED = frozenset({"no_regression", "non_inferior", "improve"})
#: Rules whose decisions hold a number of samples, objects or findings.
COUNTED = frozenset({"coverage", "data"})

_TITLES = {
    "min": "{metric} must reach a floor",
    "max": "{metric} must stay below a ceiling",
    "no_regression": "{metric} must not be worse than the champion’s on any slice",
    "non_inferior": "{metric} must be no worse than the champion’s, within a margin",
    "improve": "{metric} must be better than the champion’s",
    "gap": "{metric} must not differ too much between slices",
    "coverage": "Slices must hold enough samples",
    "data": "The data must be sound",
    "scenario": "Scenarios that the champion solves must stay solved",
}
_READING = {
    "no_regression": "Fails where the loss is proven, corrected for the number of slices tested; "
    "a bar across the line proves nothing either way.",
    "non_inferior": "Passes where the whole bar is clear of the shade; a bar across its edge is inconclusive.",
    "improve": "Passes where the whole bar is clear of the shade; a bar across its edge is inconclusive.",
    "min": "Passes where the whole bar is clear of the shade; a bar across its edge is inconclusive.",
    "max": "Passes where the whole bar is clear of the shade; a bar across its edge is inconclusive.",
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
    """One rule with its decisions: what needs a look first, the rest behind a disclosure."""

    id: str
    type: str
    title: str
    severity: str
    outcome: str
    word: str
    tally: str
    limit: str
    reading: str
    axis: Markup | None
    shown: tuple[DecisionView, ...]
    hidden: tuple[DecisionView, ...]


def rules(inputs: ReportInputs) -> list[RuleView]:
    """Group the decisions by rule: blocking rules first, then warnings, each in the policy's order."""
    grouped: dict[str, list[Decision]] = {}
    for decision in inputs.verdict.decisions:
        grouped.setdefault(decision.rule, []).append(decision)
    views = [_rule(group, inputs) for group in grouped.values()]
    urgency = [str(outcome) for outcome in _ORDER]
    return sorted(views, key=lambda view: (view.severity != "block", urgency.index(view.outcome)))


def favourable(decision: Decision) -> Favourable | None:
    """Say on which side of its limit a decision's value is good; None where that cannot be known."""
    if decision.type in {"min", "coverage"}:
        return "right"
    if decision.type in {"max", "gap", "data"}:
        return "left"
    if decision.type in PAIRED and decision.metric is not None:
        return "right" if metric_display(decision.metric).higher_is_better else "left"
    return None


def numbers(decision: Decision) -> tuple[str, str, str]:
    """Write a decision's value, interval and limit in the rule's own unit; empty where there is none."""
    if decision.metric is None or decision.type in COUNTED:
        write = share if _is_share(decision) else count
        value = "" if decision.value is None else write(decision.value)
        return value, "", "" if decision.limit is None else write(decision.limit)
    display = metric_display(decision.metric)
    paired = decision.type in PAIRED
    write = display.change if paired else _points if decision.type == "gap" and display.percent else display.value
    between = display.change_interval if paired else _points_interval if write is _points else display.value_interval
    return (
        "" if decision.value is None else write(decision.value),
        "" if decision.low is None or decision.high is None else between(decision.low, decision.high),
        "" if decision.limit is None else write(decision.limit),
    )


def _is_share(decision: Decision) -> bool:
    """Whether a data rule is on a share of the samples rather than on a count."""
    return any(one is not None and one != int(one) for one in (decision.value, decision.limit))


def _points(value: float) -> str:
    return f"{value * 100:.1f}\u202fpoints"


def _points_interval(low: float, high: float) -> str:
    return f"{low * 100:.1f} to {high * 100:.1f}"


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
    limits = {numbers(one)[2] for one in group} - {""}
    return RuleView(
        id=plain(first.rule),
        type=first.type,
        title=_title(first),
        severity=first.severity,
        outcome=str(worst),
        word=OUTCOME_WORDS[worst],
        tally=_tally(group),
        limit=f"{_bound(first)} {limits.pop()}" if len(limits) == 1 and first.type != "no_regression" else "",
        reading=_READING.get(first.type, ""),
        axis=None if scale is None else _axis(scale, first),
        shown=tuple(views[:cut]),
        hidden=tuple(views[cut:]),
    )


def _title(decision: Decision) -> str:
    label = metric_display(decision.metric).label if decision.metric else "metric"
    text = _TITLES.get(decision.type, plain(decision.type)).format(metric=label)
    return text[:1].upper() + text[1:]


def _bound(decision: Decision) -> str:
    if decision.type in PAIRED:
        return {"right": "above", "left": "below"}.get(favourable(decision) or "", "limit")
    return {"right": "at least", "left": "at most"}.get(favourable(decision) or "", "limit")


def _tally(group: Iterable[Decision]) -> str:
    outcomes = [decision.outcome for decision in group]
    parts = [f"{count(outcomes.count(one))} {OUTCOME_WORDS[one].lower()}" for one in _ORDER if one in outcomes]
    return ", ".join(parts)


def _decision(decision: Decision, scale: Scale | None, inputs: ReportInputs) -> DecisionView:
    value, interval, limit = numbers(decision)
    row = inputs.find(decision.slice, decision.metric, decision.class_)
    name = decision.slice if decision.class_ is None else f"{decision.slice} · class {decision.class_}"
    level = f"{share(inputs.confidence)} interval"
    known = [value, f"{level} {interval}" if interval else "", f"n = {count(decision.n)}" if decision.n is not None else ""]
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
        *interval_marks(scale, interval, "waived" if decision.waiver else str(decision.outcome), _champion(decision, row), _HEIGHT / 2),
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

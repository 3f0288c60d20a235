"""In which unit, and with which good side, a decision's numbers are read."""

from seatrial.gates import Decision
from seatrial.reporting.display import count, metric_display, share
from seatrial.reporting.forest import Favourable

__all__ = ["COUNTED", "PAIRED", "favourable", "numbers"]

#: Rules whose decisions hold a difference between candidate and champion.
PAIRED = frozenset({"no_regression", "non_inferior", "improve"})
#: Rules whose decisions hold a number of samples, objects or findings.
COUNTED = frozenset({"coverage", "data"})


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
    write = (
        display.change if paired else _points if decision.type == "gap" and display.percent else display.value
    )
    between = (
        display.change_interval
        if paired
        else _points_interval
        if write is _points
        else display.value_interval
    )
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

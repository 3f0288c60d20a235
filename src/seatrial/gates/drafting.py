"""A decision as a rule drafts it, before waivers and severity are looked at."""

from typing import Any

from seatrial.gates.rules import Data, MetricRule, Rule
from seatrial.gates.samples_needed import more_samples
from seatrial.gates.verdict import Decision, Outcome

__all__ = ["draft", "too_few"]


def draft(rule: Rule, slice_: str, outcome: Outcome, reason: str, **numbers: Any) -> Decision:
    """Draft a decision of a rule on a slice; ``numbers`` are the numeric fields of :class:`Decision`."""
    metric, class_ = (rule.metric, rule.class_) if isinstance(rule, MetricRule) else (None, None)
    where = rule.check if isinstance(rule, Data) else slice_
    return Decision(
        rule.id, rule.type, rule.severity, where, metric, outcome, reason, class_=class_, **numbers
    )


def too_few(
    rule: Rule,
    slice_: str,
    text: str,
    min_n: int,
    *,
    n: int,
    limit: float,
    by_interval: bool,
    **numbers: float,
) -> Decision:
    """Draft the decision of a slice with fewer samples than the rule judges by.

    Args:
        rule: The rule.
        slice_: The slice.
        text: What was measured, for the reason.
        min_n: Samples that the rule asks for.
        n: Samples at hand.
        limit: What the value is held against.
        by_interval: Whether the rule judges by the interval, which may need more samples than ``min_n``.
        numbers: ``value``, ``low`` and ``high``.
    """
    more = min_n - n
    if by_interval and numbers["low"] <= limit <= numbers["high"]:
        more = max(more, more_samples(**numbers, limit=limit, n=max(n, 1)) or 0)
    reason = f"{text}: {n} samples, at least {min_n} needed to judge"
    return draft(rule, slice_, Outcome.INCONCLUSIVE, reason, n=n, n_needed=more, limit=limit, **numbers)

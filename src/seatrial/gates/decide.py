"""From a policy and its evidence to a verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from seatrial.errors import PolicyError
from seatrial.gates.bounds import judge_bound
from seatrial.gates.checks import judge_check
from seatrial.gates.evidence import Evidence
from seatrial.gates.families import judge_coverage, judge_gap
from seatrial.gates.margins import judge_margin
from seatrial.gates.policy import Policy
from seatrial.gates.ratchet import judge_scenarios
from seatrial.gates.regression import judge_regression
from seatrial.gates.rules import (
    Coverage,
    Data,
    Gap,
    Improve,
    Max,
    MetricRule,
    Min,
    NonInferior,
    NoRegression,
    Rule,
    Scenarios,
    SliceRule,
)
from seatrial.gates.verdict import Decision, Outcome, Verdict, judges_metric, nothing_shown, overall
from seatrial.gates.waivers import waived, waiver_notes
from seatrial.quality import QualityReport
from seatrial.slices import SliceReport

__all__ = ["decide", "judge_data"]


def decide(
    policy: Policy,
    slices: SliceReport,
    quality: QualityReport | None = None,
    *,
    today: date,
    inputs: Mapping[str, Any],
    use: int | None = None,
) -> Verdict:
    """Judge every rule of a policy and sum the decisions up.

    Over the rules of severity ``block``: error > fail > inconclusive > pass. A policy without such a rule, a
    slice report that was not measured as the policy asks, and a policy of which nothing could be judged for
    want of samples are errors; where all that it judges metrics by is inconclusive, so is the verdict.
    Nothing that goes wrong is ever a pass.

    Args:
        policy: What the candidate must show.
        slices: What was measured.
        quality: What the data checks found; None where they were not run.
        today: The day on which waivers are looked at.
        inputs: Names and digests of what was judged, for the verdict.
        use: Which use of the data set this is, from 1; None where uses are not counted, which is an error
            where the policy limits them.

    Returns:
        The verdict; its decisions are in the policy's order, then by slice. The order of the report's rows
        does not matter.
    """
    evidence = Evidence(policy, slices, quality, use)
    decisions: list[Decision] = []
    for rule in policy.rules:
        decisions.extend(
            _with_severity(waived(one, policy, today), rule, policy)
            for one in _in_order(_judge(rule, evidence), rule, evidence)
        )
    decisions, undecided = _nothing_shown(decisions)
    problems = [*_unguarded(policy), *evidence.problems()]
    problems = problems or _nothing_judged(decisions, evidence)
    notes = [*waiver_notes(policy, decisions, today), *_skipped_comparisons(decisions, evidence), *undecided]
    return Verdict(
        Outcome.ERROR if problems else overall(decisions),
        tuple(decisions),
        dict(inputs),
        tuple(problems),
        tuple(notes),
    )


def judge_data(policy: Policy, quality: QualityReport, *, today: date) -> tuple[Decision, ...]:
    """Judge the rules of type ``data`` of a policy alone, before there is a model; other rules are left out.

    Args:
        policy: Any policy with such a rule of severity ``block``.
        quality: What the data checks found.
        today: The day on which waivers are looked at.

    Returns:
        The decisions in the policy's order; one that blocks says that the data are not fit.

    Raises:
        PolicyError: The policy has no such rule, so that nothing could be refused.
    """
    rules = [rule for rule in policy.rules if isinstance(rule, Data)]
    if not any(rule.severity == "block" for rule in rules):
        raise PolicyError("the policy has no rule of type data with severity block: no data could be refused")
    evidence = Evidence(policy, SliceReport({"dataset": quality.header["dataset"]}, ()), quality)
    return tuple(
        _with_severity(waived(one, policy, today), rule, policy)
        for rule in rules
        for one in judge_check(rule, evidence)
    )


def _judge(rule: Rule, evidence: Evidence) -> list[Decision]:
    match rule:
        case Min() | Max():
            decisions = judge_bound(rule, evidence)
        case NoRegression():
            decisions = judge_regression(rule, evidence)
        case NonInferior() | Improve():
            decisions = judge_margin(rule, evidence)
        case Gap():
            decisions = judge_gap(rule, evidence)
        case Coverage():
            decisions = judge_coverage(rule, evidence)
        case Data():
            decisions = judge_check(rule, evidence)
        case Scenarios():
            decisions = judge_scenarios(rule, evidence)
    return decisions


def _in_order(decisions: Iterable[Decision], rule: Rule, evidence: Evidence) -> list[Decision]:
    """Put a rule's decisions in the order of their slices' names."""
    if not isinstance(rule, SliceRule):
        return list(decisions)
    place = {name: index for index, name in enumerate(evidence.sizes(rule.slice))}
    return sorted(decisions, key=lambda one: place.get(one.slice, -1))


def _with_severity(decision: Decision, rule: Rule, policy: Policy) -> Decision:
    """Say whether a decision keeps the verdict from passing."""
    on_inconclusive = policy.defaults.on_inconclusive
    if isinstance(rule, MetricRule) and rule.on_inconclusive is not None:
        on_inconclusive = rule.on_inconclusive
    refuses = decision.outcome in {Outcome.FAIL, Outcome.ERROR} or (
        decision.outcome is Outcome.INCONCLUSIVE and on_inconclusive == "block"
    )
    return replace(decision, blocking=refuses and rule.severity == "block")


def _unguarded(policy: Policy) -> list[str]:
    """Say that a policy guards nothing: a pass would mean nothing either."""
    if not policy.rules:
        return ["the policy has no rule"]
    if all(rule.severity == "warn" for rule in policy.rules):
        return ["the policy has no rule of severity block, so that nothing could refuse a candidate"]
    return []


def _nothing_judged(decisions: Iterable[Decision], evidence: Evidence) -> list[str]:
    """Say that every rule was skipped, unless all were for want of a champion, which the policy allows."""
    blocks = [one for one in decisions if one.severity == "block"]
    if any(one.outcome is not Outcome.SKIPPED for one in blocks):
        return []
    if all(_for_want_of_champion(one, evidence) for one in blocks):
        return []
    return ["every rule of severity block was skipped: nothing was judged"]


def _skipped_comparisons(decisions: Iterable[Decision], evidence: Evidence) -> list[str]:
    rules = dict.fromkeys(one.rule for one in decisions if _for_want_of_champion(one, evidence))
    if not rules:
        return []
    return [f"there is no champion yet: skipped {', '.join(rules)}"]


def _nothing_shown(decisions: list[Decision]) -> tuple[list[Decision], list[str]]:
    """Let inconclusive decisions block where no metric was decided: a pass would rest on nothing."""
    waved = [
        index
        for index, one in enumerate(decisions)
        if judges_metric(one) and one.outcome is Outcome.INCONCLUSIVE and not one.blocking
    ]
    if not waved or not nothing_shown(decisions):
        return decisions, []
    note = (
        "no rule of severity block on a metric was decided: those that are inconclusive block, although "
        "on_inconclusive says warn"
    )
    blocking = set(waved)
    undecided = [
        replace(one, blocking=True) if index in blocking else one for index, one in enumerate(decisions)
    ]
    return undecided, [note]


_COMPARISONS = frozenset({"no_regression", "non_inferior", "improve", "scenario"})


def _for_want_of_champion(decision: Decision, evidence: Evidence) -> bool:
    skipped = decision.outcome is Outcome.SKIPPED
    return skipped and decision.type in _COMPARISONS and not evidence.has_champion

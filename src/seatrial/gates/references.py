"""What each key of a policy allows by itself, but the policy as a whole does not."""

import math
from collections.abc import Iterator
from typing import get_args

from seatrial.datasets import Task
from seatrial.extensions import names
from seatrial.gates.document import Problem
from seatrial.gates.origins import Origins
from seatrial.gates.policy import Policy, Waiver
from seatrial.gates.rules import (
    Data,
    Gap,
    Improve,
    Max,
    MetricRule,
    Min,
    NonInferior,
    Rule,
    Scenarios,
    SliceRule,
)
from seatrial.gates.scenario import FAMILY, Expectation, family_of
from seatrial.metrics import METRICS, task_metrics
from seatrial.quality import CHECKS
from seatrial.quality.checks import GROUP as EXTRA_CHECKS
from seatrial.slices import ALL
from seatrial.spelling import did_you_mean, one_of
from seatrial.validation import key_path

__all__ = ["broken_references"]


def broken_references(policy: Policy, origins: Origins) -> list[Problem]:
    """Find names that lead nowhere, names given twice, and limits that no value can reach."""
    return [
        *_slice_names(policy, origins),
        *_scenarios(policy, origins),
        *_tasks(policy, origins),
        *_rules(policy, origins),
        *_waivers(policy, origins),
    ]


def _slice_names(policy: Policy, origins: Origins) -> Iterator[Problem]:
    for name, spec in policy.slices.items():
        if name == ALL:
            message = f"{ALL!r} is the slice of everything and cannot be given another meaning"
            yield origins.problem(("slices", name), message, key=True)
        elif not name.strip() or "=" in name or " & " in name or name.startswith(FAMILY):
            message = f"expected a name without '=', ' & ' and '{FAMILY}' before it, got {name!r}"
            yield origins.problem(("slices", name), message, key=True)
        if spec.level == "object" and policy.task == "classification":
            message = "expected level image: a classification has no objects"
            yield origins.problem(("slices", name, "level"), message)


def _scenarios(policy: Policy, origins: Origins) -> Iterator[Problem]:
    for name, scenario in policy.scenarios.items():
        at = ("scenarios", name)
        if not name.strip() or "=" in name or " & " in name:
            message = f"expected a name without '=' and ' & ', got {name!r}"
            yield origins.problem(at, message, key=True)
        expect = scenario.expect
        yield from _of_class(expect, origins, (*at, "expect"))
        bound = ("min" if expect.min is not None else "max", expect.limit)
        yield from _reachable(expect.metric, bound, origins, (*at, "expect"))


def _tasks(policy: Policy, origins: Origins) -> Iterator[Problem]:
    """Every metric has to be one of the task, or of one task where the policy names none."""
    places: list[tuple[tuple[str | int, ...], str]] = [
        (("rules", index, "metric"), rule.metric)
        for index, rule in enumerate(policy.rules)
        if isinstance(rule, MetricRule)
    ]
    places += [
        (("scenarios", name, "expect", "metric"), one.expect.metric) for name, one in policy.scenarios.items()
    ]
    possible: list[Task] = [policy.task] if policy.task is not None else list(get_args(Task))
    for at, name in places:
        left = [task for task in possible if task in METRICS[name].tasks]
        if left:
            possible = left
        elif len(possible) == 1:
            yield origins.problem(at, one_of(name, task_metrics(possible[0]), f"a metric of {possible[0]}"))
        else:
            yield origins.problem(
                at, f"expected a metric of {' or '.join(possible)} as those before it, got {name!r}"
            )


def _rules(policy: Policy, origins: Origins) -> Iterator[Problem]:
    checks = (*CHECKS, *names(EXTRA_CHECKS))
    first: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        at = ("rules", index)
        earlier = first.setdefault(rule.id, index)
        if earlier != index:
            other = key_path(origins.find(("rules", earlier))[1])
            message = f"expected a unique id, got {rule.id!r}, which is that of {other}"
            yield origins.problem((*at, "id"), message)
        if isinstance(rule, Data) and rule.check not in checks:
            yield origins.problem((*at, "check"), one_of(rule.check, checks, "a data check"))
        if isinstance(rule, SliceRule):
            yield from _sliced(rule, policy, origins, at)
        if isinstance(rule, MetricRule):
            yield from _of_class(rule, origins, at)
            limit = _limit(rule)
            if limit is not None:
                yield from _reachable(rule.metric, limit, origins, at)
        if isinstance(rule, Scenarios):
            yield from _named_scenarios(rule, policy, origins, at)


def _named_scenarios(
    rule: Scenarios, policy: Policy, origins: Origins, at: tuple[str, int]
) -> Iterator[Problem]:
    if not policy.scenarios:
        message = "expected scenarios to judge, the policy names none (scenarios: scenarios.yaml)"
        yield origins.problem((*at, "type"), message)
        return
    for index, name in enumerate(rule.scenarios or ()):
        if name not in policy.scenarios:
            message = one_of(name, policy.scenarios, "a scenario")
            yield origins.problem((*at, "scenarios", index), message)


def _sliced(rule: SliceRule, policy: Policy, origins: Origins, at: tuple[str, int]) -> Iterator[Problem]:
    known = (ALL, *policy.slices)
    if rule.slice not in known:
        message = one_of(rule.slice, known, "all or an entry of slices")
        if "=" in rule.slice:
            message += " (name the entry: every slice of it is judged)"
        yield origins.problem((*at, "slice"), message)
        return
    spec = policy.slices.get(rule.slice)
    if isinstance(rule, Gap) and (spec is None or spec.by is None):
        message = f"expected an entry of slices with 'by', got {rule.slice!r}: one slice has no gap"
        yield origins.problem((*at, "slice"), message)
    if (
        spec is not None
        and spec.discovered is not None
        and not spec.discovered.holds(policy.statistics.alpha)
    ):
        message = (
            f"{rule.slice!r} was discovered, and the other half of the data does not confirm it at level "
            f"{policy.statistics.alpha:g}: a rule may not use it"
        )
        yield origins.problem((*at, "slice"), message)


def _of_class(
    rule: MetricRule | Expectation, origins: Origins, at: tuple[str | int, ...]
) -> Iterator[Problem]:
    if rule.class_ is not None and not METRICS[rule.metric].per_class:
        by_class = [name for name, metric in METRICS.items() if metric.per_class]
        message = f"expected a metric that has a value by class ({', '.join(by_class)}), got {rule.metric!r}"
        yield origins.problem((*at, "class"), message, key=True)


def _reachable(
    metric: str, limit: tuple[str, float], origins: Origins, at: tuple[str | int, ...]
) -> Iterator[Problem]:
    greatest = METRICS[metric].greatest
    if not 0 <= limit[1] <= greatest:
        wanted = "of at least 0" if math.isinf(greatest) else f"between 0 and {greatest:g}"
        percent = 1 < limit[1] <= 100  # noqa: PLR2004 - percent are of a hundred
        hint = f" (write {limit[1] / 100:g} for {limit[1]:g} %)" if percent else ""
        message = f"expected a number {wanted}, as {metric} is, got {limit[1]:g}{hint}"
        yield origins.problem((*at, limit[0]), message)


def _limit(rule: MetricRule) -> tuple[str, float] | None:
    match rule:
        case Min(value=value) | Max(value=value):
            return "value", value
        case NonInferior(margin=margin):
            return "margin", margin
        case Improve(gain=gain):
            return "gain", gain
        case Gap(max=greatest):
            return "max", greatest
        case _:
            return None


def _waivers(policy: Policy, origins: Origins) -> Iterator[Problem]:
    rules = {rule.id: rule for rule in policy.rules}
    first: dict[tuple[str, str | None], int] = {}
    for index, waiver in enumerate(policy.waivers):
        at = ("waivers", index)
        earlier = first.setdefault((waiver.rule, waiver.slice), index)
        if earlier != index:
            other = key_path(origins.find(("waivers", earlier))[1])
            message = f"expected one waiver for a rule and slice, the first is {other}"
            yield origins.problem((*at, "rule"), message)
        if waiver.rule not in rules:
            message = f"expected the id of a rule, got {waiver.rule!r}{did_you_mean(waiver.rule, rules)}"
            yield origins.problem((*at, "rule"), message)
        else:
            yield from _waived_slice(waiver, rules[waiver.rule], policy, origins, at)


def _waived_slice(
    waiver: Waiver, rule: Rule, policy: Policy, origins: Origins, at: tuple[str, int]
) -> Iterator[Problem]:
    """A waiver covers one slice; it may leave out its name only where the rule judges no other."""
    if isinstance(rule, Scenarios):
        known = [family_of(name) for name in rule.scenarios or policy.scenarios]
        if waiver.slice not in known:
            yield origins.problem(
                (*at, "slice"), one_of(waiver.slice, known, f"a scenario of rule {rule.id!r}")
            )
        return
    if not isinstance(rule, SliceRule) or isinstance(rule, Gap):
        only: str | None = rule.slice if isinstance(rule, Gap) else None
        if waiver.slice is not None and waiver.slice != only:
            yield origins.problem((*at, "slice"), f"rule {rule.id!r} is judged as a whole: leave out slice")
        return
    spec = policy.slices.get(rule.slice)
    by = None if spec is None else spec.by
    if by is None:
        if waiver.slice not in {None, rule.slice}:
            message = f"expected {rule.slice!r}, the slice of rule {rule.id!r}, got {waiver.slice!r}"
            yield origins.problem((*at, "slice"), message)
        return
    prefix = f"{next(iter(by))}="
    if spec is not None and spec.where is not None:
        prefix = f"{rule.slice} & {prefix}"
    if waiver.slice is None or not waiver.slice.startswith(prefix):
        got = "nothing" if waiver.slice is None else repr(waiver.slice)
        message = f"expected the name of one slice of {rule.slice!r}, such as '{prefix}…', got {got}"
        yield origins.problem((*at, "slice"), message)

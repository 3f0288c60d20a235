"""What each key of a policy allows by itself, but the policy as a whole does not."""

import math
from collections.abc import Iterator

from seatrial.extensions import names
from seatrial.gates.document import Document, Problem
from seatrial.gates.policy import Policy, Waiver
from seatrial.gates.rules import Data, Gap, Improve, Max, MetricRule, Min, NonInferior, Rule, SliceRule
from seatrial.metrics import METRICS
from seatrial.quality import CHECKS
from seatrial.quality.checks import GROUP as EXTRA_CHECKS
from seatrial.slices import ALL
from seatrial.spelling import did_you_mean, one_of

__all__ = ["broken_references"]


def broken_references(policy: Policy, document: Document) -> list[Problem]:
    """Find names that lead nowhere, names given twice, and limits that no value can reach."""
    return [
        *_slice_names(policy, document),
        *_rules(policy, document),
        *_waivers(policy, document),
    ]


def _slice_names(policy: Policy, document: Document) -> Iterator[Problem]:
    for name, spec in policy.slices.items():
        if name == ALL:
            message = f"{ALL!r} is the slice of everything and cannot be given another meaning"
            yield document.problem(("slices", name), message, key=True)
        elif not name.strip() or "=" in name or " & " in name:
            message = f"expected a name without '=' and ' & ', got {name!r}"
            yield document.problem(("slices", name), message, key=True)
        if spec.level == "object":
            message = "slices of objects are not available yet, and a slice is never ignored: use image"
            yield document.problem(("slices", name, "level"), message)


def _rules(policy: Policy, document: Document) -> Iterator[Problem]:
    checks = (*CHECKS, *names(EXTRA_CHECKS))
    first: dict[str, int] = {}
    for index, rule in enumerate(policy.rules):
        at = ("rules", index)
        earlier = first.setdefault(rule.id, index)
        if earlier != index:
            message = f"expected a unique id, got {rule.id!r}, which is that of rules[{earlier}]"
            yield document.problem((*at, "id"), message)
        if isinstance(rule, Data) and rule.check not in checks:
            yield document.problem((*at, "check"), one_of(rule.check, checks, "a data check"))
        if isinstance(rule, SliceRule):
            yield from _sliced(rule, policy, document, at)
        if isinstance(rule, MetricRule):
            yield from _measured(rule, document, at)


def _sliced(rule: SliceRule, policy: Policy, document: Document, at: tuple[str, int]) -> Iterator[Problem]:
    known = (ALL, *policy.slices)
    if rule.slice not in known:
        message = one_of(rule.slice, known, "all or an entry of slices")
        if "=" in rule.slice:
            message += " (name the entry: every slice of it is judged)"
        yield document.problem((*at, "slice"), message)
    elif isinstance(rule, Gap) and (rule.slice == ALL or policy.slices[rule.slice].by is None):
        message = f"expected an entry of slices with 'by', got {rule.slice!r}: one slice has no gap"
        yield document.problem((*at, "slice"), message)


def _measured(rule: MetricRule, document: Document, at: tuple[str, int]) -> Iterator[Problem]:
    if rule.class_ is not None and not METRICS[rule.metric].per_class:
        by_class = [name for name, metric in METRICS.items() if metric.per_class]
        message = f"expected a metric that has a value by class ({', '.join(by_class)}), got {rule.metric!r}"
        yield document.problem((*at, "class"), message, key=True)
    limit = _limit(rule)
    greatest = METRICS[rule.metric].greatest
    if limit is not None and not 0 <= limit[1] <= greatest:
        wanted = "of at least 0" if math.isinf(greatest) else f"between 0 and {greatest:g}"
        hint = f" (write {limit[1] / 100:g} for {limit[1]:g} %)" if 1 < limit[1] <= 100 else ""  # noqa: PLR2004
        message = f"expected a number {wanted}, as {rule.metric} is, got {limit[1]:g}{hint}"
        yield document.problem((*at, limit[0]), message)


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


def _waivers(policy: Policy, document: Document) -> Iterator[Problem]:
    rules = {rule.id: rule for rule in policy.rules}
    first: dict[tuple[str, str | None], int] = {}
    for index, waiver in enumerate(policy.waivers):
        at = ("waivers", index)
        earlier = first.setdefault((waiver.rule, waiver.slice), index)
        if earlier != index:
            message = f"expected one waiver for a rule and slice, the first is waivers[{earlier}]"
            yield document.problem((*at, "rule"), message)
        if waiver.rule not in rules:
            message = f"expected the id of a rule, got {waiver.rule!r}{did_you_mean(waiver.rule, rules)}"
            yield document.problem((*at, "rule"), message)
        else:
            yield from _waived_slice(waiver, rules[waiver.rule], policy, document, at)


def _waived_slice(
    waiver: Waiver, rule: Rule, policy: Policy, document: Document, at: tuple[str, int]
) -> Iterator[Problem]:
    """A waiver covers one slice; it may leave out its name only where the rule judges no other."""
    if not isinstance(rule, SliceRule) or isinstance(rule, Gap):
        only: str | None = rule.slice if isinstance(rule, Gap) else None
        if waiver.slice is not None and waiver.slice != only:
            yield document.problem((*at, "slice"), f"rule {rule.id!r} is judged as a whole: leave out slice")
        return
    spec = policy.slices.get(rule.slice)
    by = None if spec is None else spec.by
    if by is None:
        if waiver.slice not in {None, rule.slice}:
            message = f"expected {rule.slice!r}, the slice of rule {rule.id!r}, got {waiver.slice!r}"
            yield document.problem((*at, "slice"), message)
        return
    prefix = f"{next(iter(by))}="
    if spec is not None and spec.where is not None:
        prefix = f"{rule.slice} & {prefix}"
    if waiver.slice is None or not waiver.slice.startswith(prefix):
        got = "nothing" if waiver.slice is None else repr(waiver.slice)
        message = f"expected the name of one slice of {rule.slice!r}, such as '{prefix}…', got {got}"
        yield document.problem((*at, "slice"), message)

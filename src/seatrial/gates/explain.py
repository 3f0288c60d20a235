"""What a policy says, in plain words."""

from collections.abc import Iterator

from seatrial.gates.policy import Policy
from seatrial.gates.rules import (
    Comparison,
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
from seatrial.gates.wording import Words
from seatrial.metrics import METRICS
from seatrial.slices import ALL, SliceSpec, parse

__all__ = ["doubts", "explain"]

_CORRECTIONS = {
    "holm": "corrected after Holm",
    "benjamini_hochberg": "corrected after Benjamini and Hochberg",
    "none": "uncorrected",
}


#: Columns of an evaluation that say what the candidate said.
_SAID_BY_THE_CANDIDATE = frozenset({"prediction", "predictions", "confidence", "loss"})


_VACUOUS = "no value refuses anything"


def explain(policy: Policy) -> list[str]:
    """Say what each rule asks for, one sentence a rule, then what is waived."""
    sentences = [f"{rule.id}: {_asks(rule, policy)}; {_consequence(rule, policy)}" for rule in policy.rules]
    for waiver in policy.waivers:
        where = f" on {waiver.slice}" if waiver.slice else ""
        sentences.append(
            f"{waiver.owner} answers for {waiver.rule}{where} until {waiver.expires} (that day is the first "
            f"without the waiver): {waiver.reason}"
        )
    return sentences


def doubts(policy: Policy) -> Iterator[str]:
    """Say what is allowed, but likely not meant."""
    for name, one in policy.scenarios.items():
        bound = "min" if one.expect.min is not None else "max"
        yield from _bound_doubts(f"scenario {name}", one.expect.metric, bound, one.expect.limit, "")
    for rule in policy.rules:
        yield from _limit_doubts(rule)
        if isinstance(rule, Comparison):
            yield from _comparison_doubts(rule, policy)
    if policy.scenarios and not any(isinstance(rule, Scenarios) for rule in policy.rules):
        yield "scenarios are measured, but no rule judges them (type: scenario)"
    used = {rule.slice for rule in policy.rules if isinstance(rule, SliceRule)}
    for name in policy.slices:
        if name not in used:
            yield f"slice {name!r} is measured, but no rule judges it"


def _limit_doubts(rule: Rule) -> Iterator[str]:
    match rule:
        case Min() | Max():
            yield from _bound_doubts(rule.id, rule.metric, rule.type, rule.value, "type ")
        case NonInferior(margin=margin) if margin >= METRICS[rule.metric].greatest:
            yield f"{rule.id}: {rule.metric} cannot lose more than {margin:g}: {_VACUOUS}"
        case Gap(max=most) if most >= METRICS[rule.metric].greatest:
            yield f"{rule.id}: {rule.metric} has no gap above {most:g}: {_VACUOUS}"
        case Data(max_share=1):
            yield f"{rule.id}: a share of 1 allows findings on every sample: {_VACUOUS}"


def _comparison_doubts(rule: Comparison, policy: Policy) -> Iterator[str]:
    if isinstance(rule, NoRegression) and rule.correction == "none" and rule.slice != ALL:
        yield f"{rule.id}: without a correction, equal models fail by chance the more slices there are"
    said = sorted(_columns(policy.slices.get(rule.slice)) & _SAID_BY_THE_CANDIDATE)
    if said:
        yield (
            f"{rule.id}: slice {rule.slice} is chosen by the candidate's own {' and '.join(said)}, "
            "which is not fair to the champion"
        )


def _bound_doubts(name: str, metric: str, bound: str, limit: float, kind: str) -> Iterator[str]:
    higher = METRICS[metric].higher_is_better
    if higher == (bound == "max"):
        way, other = ("higher", "min") if higher else ("lower", "max")
        yield f"{name}: {metric} is better when {way}; was {kind}{other} meant?"
    elif limit == (0 if higher else METRICS[metric].greatest):
        yield f"{name}: {metric} is never {'below' if higher else 'above'} {limit:g}: {_VACUOUS}"


def _columns(spec: SliceSpec | None) -> set[str]:
    if spec is None:
        return set()
    return {*(spec.by or ()), *(parse(spec.where).columns if spec.where is not None else ())}


def _asks(rule: Rule, policy: Policy) -> str:
    match rule:
        case Data():
            return f"data check {rule.check} must find {_data_limit(rule)}"
        case Scenarios():
            return _scenarios(rule, policy)
        case Coverage():
            return f"{_where(rule.slice, policy)} must hold at least {policy.min_n(rule)} labelled samples"
        case Min() | Max() | Gap():
            return _bounded(rule, policy)
        case NoRegression() | NonInferior() | Improve():
            return _compared(rule, policy)


def _scenarios(rule: Scenarios, policy: Policy) -> str:
    chosen = rule.scenarios or tuple(policy.scenarios)
    which = "every scenario" if rule.scenarios is None else f"each of the scenarios {', '.join(chosen)}"
    if rule.require == "kept":
        return f"{which} that the champion solves must stay solved ({len(chosen)} scenarios)"
    return f"{which} must be solved ({len(chosen)} scenarios)"


def _bounded(rule: Min | Max | Gap, policy: Policy) -> str:
    words = Words(rule, 1 - policy.statistics.alpha)
    if isinstance(rule, Gap):
        judged = "a conservative bound" if rule.use == "lcb" else "the values alone"
        most = words.allowed(rule.max)
        return (
            f"{words.name} must differ by at most {most} between slices of {rule.slice}, judged by {judged}"
        )
    side, bound = ("at least", "lower") if isinstance(rule, Min) else ("at most", "upper")
    judged = f"{bound} bound of its {words.interval}" if rule.use == "lcb" else "value alone"
    on = _where(rule.slice, policy)
    return f"{words.name} on {on} must be {side} {words.limit(rule.value)}, judged by the {judged}"


def _compared(rule: Comparison, policy: Policy) -> str:
    words = Words(rule, 1 - policy.statistics.alpha)
    subject = f"{words.name} on {_where(rule.slice, policy)} must"
    match rule:
        case NoRegression():
            test = f"one-sided test at level {policy.statistics.alpha:g}, {_CORRECTIONS[rule.correction]}"
            return f"{subject} not be proven worse than the champion's ({test})"
        case NonInferior():
            return f"{subject} be proven less than {words.allowed(rule.margin)} worse than the champion's"
        case Improve():
            gain = f"by more than {words.allowed(rule.gain)} " if rule.gain else ""
            return f"{subject} be proven better {gain}than the champion's"


def _where(slice_: str, policy: Policy) -> str:
    if slice_ == ALL:
        return "all samples"
    by = policy.slices[slice_].by
    return f"slice {slice_}" if by is None else f"every slice of {slice_} ({' & '.join(by)})"


def _data_limit(rule: Data) -> str:
    if rule.max_count is None:
        return f"something in at most {(rule.max_share or 0) * 100:.10g} % of the samples"
    return f"at most {rule.max_count} things" if rule.max_count else "nothing"


def _consequence(rule: Rule, policy: Policy) -> str:
    if rule.severity == "warn":
        return "only a warning"
    if not isinstance(rule, MetricRule):
        return "blocks"
    inconclusive = rule.on_inconclusive or policy.defaults.on_inconclusive
    effect = "blocks too" if inconclusive == "block" else "only warns"
    return f"blocks; where it is inconclusive (always under {policy.min_n(rule)} samples) it {effect}"

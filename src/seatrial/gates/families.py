"""Rules ``gap`` and ``coverage``: a family of slices as a whole."""

from seatrial.gates.drafting import draft
from seatrial.gates.evidence import Evidence, Measured
from seatrial.gates.rules import Coverage, Gap
from seatrial.gates.samples_needed import more_samples
from seatrial.gates.verdict import Decision, Outcome
from seatrial.gates.wording import Words, samples

__all__ = ["judge_coverage", "judge_gap"]


def judge_gap(rule: Gap, evidence: Evidence) -> list[Decision]:
    """Judge the difference between the highest and the lowest slice of a family: one decision.

    The interval of the gap is conservative: from the lower bound of the highest slice minus the upper bound
    of the lowest (at least 0), to the upper bound of the highest minus the lower bound of the lowest. It is
    wider than an interval of the same confidence for the difference of two independent slices.

    Slices with too few samples are left out; a gap that would pass without them is inconclusive, because
    they might hold the extremes. A slice that cannot be judged at all makes the gap an error.
    """
    measured, failed = evidence.measured(rule)
    errors = [one for one in failed if one.outcome is Outcome.ERROR]
    if errors:
        reason = f"slice {errors[0].slice!r}: {errors[0].reason}"
        return [draft(rule, rule.slice, Outcome.ERROR, reason)]
    if failed and not measured:
        return failed
    min_n = evidence.policy.min_n(rule)
    small = [one for one in measured if one.estimate.n < min_n]
    large = sorted(
        (one for one in measured if one.estimate.n >= min_n), key=lambda one: (one.estimate.value, one.slice)
    )
    if len(large) < 2:  # noqa: PLR2004 - a gap has two ends
        more = _second_slice([min_n - one.estimate.n for one in small], missing=2 - len(large))
        reason = f"{len(large)} of {len(measured)} slices hold at least {min_n} samples, a gap needs two"
        return [draft(rule, rule.slice, Outcome.INCONCLUSIVE, reason, limit=rule.max, n_needed=more)]
    lacking = [min_n - one.estimate.n for one in small]
    return [_judge(rule, large[0], large[-1], lacking, Words(rule, evidence.confidence))]


def _judge(rule: Gap, lowest: Measured, highest: Measured, lacking: list[int], words: Words) -> Decision:
    low_end, high_end = lowest.estimate, highest.estimate
    gap = high_end.value - low_end.value
    numbers = {"value": gap}
    text = (
        f"{words.name} {words.value(high_end.value)} on {highest.slice} (n = {high_end.n}), "
        f"{words.value(low_end.value)} on {lowest.slice} (n = {low_end.n}): "
        f"a gap of {words.size(gap)}"
    )
    n = min(low_end.n, high_end.n)
    least = most = gap
    if rule.use == "lcb":
        bounds = (low_end.low, low_end.high, high_end.low, high_end.high)
        if any(bound is None for bound in bounds):
            reason = f"{text}, without intervals to judge by (use: point would not need them)"
            return draft(rule, rule.slice, Outcome.ERROR, reason, value=gap, n=n)
        low_low, low_high, high_low, high_high = (float(bound or 0.0) for bound in bounds)
        least, most = max(0.0, high_low - low_high), high_high - low_low
        numbers |= {"low": least, "high": most}
        text += f" ({words.size(least)} to {words.size(most)} by both {words.interval}s)"
    limit, more = words.allowed(rule.max), None
    if most <= rule.max:
        outcome, why = Outcome.PASS, f"at most {limit}"
    elif least > rule.max:
        outcome, why = Outcome.FAIL, f"more than {limit}"
    else:
        outcome = Outcome.INCONCLUSIVE
        more = more_samples(gap, least, most, rule.max, low_end.n, high_end.n)
        more = None if more is None else more + sum(lacking)
        why = f"whether that is more than {limit} is not settled; {samples(more)}"
    if lacking and outcome is Outcome.PASS:
        outcome, more = Outcome.INCONCLUSIVE, sum(lacking)
        hold = "slice holds" if len(lacking) == 1 else "slices hold"
        why += f", but {len(lacking)} {hold} too few samples to be counted; {samples(more)}"
    return draft(rule, rule.slice, outcome, f"{text}, {why}", **numbers, limit=rule.max, n=n, n_needed=more)


def _second_slice(lacking: list[int], *, missing: int) -> int | None:
    """Count the samples that bring the largest small slices to the number asked for."""
    return sum(sorted(lacking)[:missing]) if len(lacking) >= missing else None


def judge_coverage(rule: Coverage, evidence: Evidence) -> list[Decision]:
    """Judge whether every slice of the rule holds enough labelled samples; an absent slice holds none."""
    stale = evidence.stale(rule.slice)
    if stale:
        return [draft(rule, rule.slice, Outcome.ERROR, stale)]
    sizes = evidence.sizes(rule.slice) or {rule.slice: 0}
    wanted = evidence.policy.min_n(rule)
    decisions = []
    for name, n in sizes.items():
        enough = n >= wanted
        reason = f"{n} labelled samples, {'at least' if enough else 'but at least'} {wanted} asked for"
        outcome = Outcome.PASS if enough else Outcome.FAIL
        more = None if enough else wanted - n
        decisions.append(
            draft(rule, name, outcome, reason, value=float(n), limit=float(wanted), n=n, n_needed=more)
        )
    return decisions

"""Rules ``min`` and ``max``: a metric on one side of a value."""

from seatrial.gates.drafting import draft, too_few
from seatrial.gates.evidence import Evidence
from seatrial.gates.rules import Max, Min
from seatrial.gates.samples_needed import more_samples
from seatrial.gates.verdict import Decision, Outcome
from seatrial.gates.wording import Words, samples
from seatrial.statistics import Estimate

__all__ = ["judge_bound"]


def judge_bound(rule: Min | Max, evidence: Evidence) -> list[Decision]:
    """Judge a metric against a value on every slice of the rule.

    By interval (``use: lcb``) a minimum passes when the lower bound reaches the value, fails when the upper
    bound stays below it, and is inconclusive between; a maximum the other way round. By point
    (``use: point``) chance is left out of account and nothing is inconclusive but too few samples.
    """
    measured, decisions = evidence.measured(rule)
    words = Words(rule, evidence.confidence)
    min_n = evidence.policy.min_n(rule)
    for one in measured:
        decisions.append(_judge(rule, one.slice, one.estimate, words, min_n))
    return decisions


def _judge(rule: Min | Max, slice_: str, measured: Estimate, words: Words, min_n: int) -> Decision:
    text = words.estimate(measured)
    if measured.low is None or measured.high is None:
        if rule.use == "lcb":
            reason = f"{text}: there is no interval to judge by (use: point would not need one)"
            return draft(rule, slice_, Outcome.ERROR, reason, value=measured.value, n=measured.n)
        low = high = measured.value
    else:
        low, high = measured.low, measured.high
    numbers = {"value": measured.value, "low": low, "high": high}
    if measured.n < min_n:
        by_interval = rule.use == "lcb"
        return too_few(
            rule, slice_, text, min_n, n=measured.n, limit=rule.value, by_interval=by_interval, **numbers
        )
    outcome, why = (_by_point if rule.use == "point" else _by_interval)(rule, numbers, words)
    more = None
    if outcome is Outcome.INCONCLUSIVE:
        more = more_samples(**numbers, limit=rule.value, n=measured.n)
        why += f"; {samples(more)}"
    if measured.low is None:
        numbers = {"value": measured.value}
    return draft(
        rule, slice_, outcome, f"{text}: {why}", limit=rule.value, n=measured.n, n_needed=more, **numbers
    )


def _by_point(rule: Min | Max, numbers: dict[str, float], words: Words) -> tuple[Outcome, str]:
    limit = words.limit(rule.value)
    value = numbers["value"]
    if rule.type == "min":
        passes, sides = value >= rule.value, ("at least", "below")
    else:
        passes, sides = value <= rule.value, ("at most", "above")
    outcome = Outcome.PASS if passes else Outcome.FAIL
    return outcome, f"the value alone, without regard to chance, is {sides[not passes]} {limit}"


def _by_interval(rule: Min | Max, numbers: dict[str, float], words: Words) -> tuple[Outcome, str]:
    limit, low, high = words.limit(rule.value), numbers["low"], numbers["high"]
    if rule.type == "min":
        if low >= rule.value:
            return Outcome.PASS, f"the lower bound reaches {limit}"
        if high < rule.value:
            return Outcome.FAIL, f"even the upper bound is below {limit}"
    else:
        if high <= rule.value:
            return Outcome.PASS, f"the upper bound is at most {limit}"
        if low > rule.value:
            return Outcome.FAIL, f"even the lower bound is above {limit}"
    return Outcome.INCONCLUSIVE, f"the interval holds {limit}"

"""Rules ``non_inferior`` and ``improve``: the paired difference on the good side of a margin."""

from seatrial.gates.drafting import draft, too_few
from seatrial.gates.evidence import Compared, Evidence
from seatrial.gates.rules import Improve, NonInferior
from seatrial.gates.samples_needed import more_samples
from seatrial.gates.verdict import Decision, Outcome
from seatrial.gates.wording import Words, samples
from seatrial.metrics import METRICS

__all__ = ["judge_margin"]


def judge_margin(rule: NonInferior | Improve, evidence: Evidence) -> list[Decision]:
    """Judge the paired difference on every slice of the rule.

    The limit is −margin for ``non_inferior`` and the gain for ``improve``; where lower is better, both
    change their sign. A slice passes when its interval lies wholly on the good side of the limit, fails when
    it lies wholly on the other (a bound on the limit is on the other), and is inconclusive between. Every
    slice has to pass (intersection–union), so there is no correction.
    """
    compared, decisions = evidence.compared(rule)
    words = Words(rule, evidence.confidence)
    min_n = evidence.policy.min_n(rule)
    return decisions + [_judge(rule, one, words, min_n) for one in compared]


def _judge(rule: NonInferior | Improve, one: Compared, words: Words, min_n: int) -> Decision:
    sign = 1.0 if METRICS[rule.metric].higher_is_better else -1.0
    limit = sign * (-rule.margin if isinstance(rule, NonInferior) else rule.gain)
    limit += 0.0  # no negative zero
    difference = one.difference
    numbers = {"value": difference.value, "low": difference.low, "high": difference.high}
    text = words.difference(difference)
    if one.n < min_n:
        return too_few(rule, one.slice, text, min_n, n=one.n, limit=limit, by_interval=True, **numbers)
    worst, best = sorted((sign * difference.low, sign * difference.high))
    outcome, more = Outcome.INCONCLUSIVE, None
    if worst > sign * limit:
        outcome = Outcome.PASS
    elif best <= sign * limit:
        outcome = Outcome.FAIL
    else:
        more = more_samples(**numbers, limit=limit, n=one.n)
    reason = f"{text}: {_why(rule, outcome, words)}" + (
        f"; {samples(more)}" if outcome is Outcome.INCONCLUSIVE else ""
    )
    return draft(rule, one.slice, outcome, reason, **numbers, limit=limit, n=one.n, n_needed=more)


def _why(rule: NonInferior | Improve, outcome: Outcome, words: Words) -> str:
    if isinstance(rule, NonInferior):
        claim = f"worse by {words.allowed(rule.margin)} or more"
        return {
            Outcome.PASS: f"proven not to be {claim}",
            Outcome.FAIL: f"proven to be {claim}",
        }.get(outcome, f"whether it is {claim} is not settled")
    claim = f"better by more than {words.allowed(rule.gain)}" if rule.gain else "better"
    return {
        Outcome.PASS: f"proven to be {claim}",
        Outcome.FAIL: f"proven not to be {claim}",
    }.get(outcome, f"whether it is {claim} is not settled")

"""Rule ``no_regression``: no slice is proven worse than the champion."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seatrial.gates.drafting import draft, too_few
from seatrial.gates.evidence import Compared, Evidence
from seatrial.gates.rules import NoRegression
from seatrial.gates.verdict import Decision, Outcome
from seatrial.gates.wording import Words, p_value
from seatrial.metrics import METRICS
from seatrial.statistics import benjamini_hochberg, holm

__all__ = ["judge_regression"]

_CORRECTIONS: dict[str, Callable[[Sequence[float]], NDArray[np.float64]]] = {
    "holm": holm,
    "benjamini_hochberg": benjamini_hochberg,
    "none": lambda p: np.asarray(p, dtype=np.float64),
}
_NAMES = {
    "holm": "after Holm's correction",
    "benjamini_hochberg": "after Benjamini and Hochberg's correction",
    "none": "uncorrected",
}


def judge_regression(rule: NoRegression, evidence: Evidence) -> list[Decision]:
    """Test every slice of the rule for "the candidate is worse", with p-values corrected for their number.

    A slice fails when its corrected p-value is at most alpha, and passes otherwise: that says "not proven
    worse", not "proven equal". Slices with too few samples are inconclusive and are not tested; they do not
    count in the correction. Waived slices are tested and count.
    """
    compared, decisions = evidence.compared(rule)
    words = Words(rule, evidence.confidence)
    min_n = evidence.policy.min_n(rule)
    tested = [one for one in compared if one.n >= min_n]
    for one in compared:
        if one.n < min_n:
            text = words.difference(one.difference)
            reason = f"{text}, not tested"
            few = too_few(
                rule, one.slice, reason, min_n, n=one.n, limit=0.0, by_interval=False, **_numbers(one)
            )
            decisions.append(few)
    adjusted = _CORRECTIONS[rule.correction]([one.difference.p_worse for one in tested])
    if tested:
        family = _Family(rule, evidence, words, tested, [float(p) for p in adjusted])
        decisions.extend(family.decide(index) for index in range(len(tested)))
    return decisions


class _Family:
    """The slices that are tested together."""

    def __init__(
        self,
        rule: NoRegression,
        evidence: Evidence,
        words: Words,
        tested: Sequence[Compared],
        adjusted: Sequence[float],
    ) -> None:
        self._rule, self._evidence, self._words = rule, evidence, words
        self._tested, self._adjusted = tested, adjusted
        sign = 1.0 if METRICS[rule.metric].higher_is_better else -1.0
        order = [(p, sign * one.difference.value) for p, one in zip(adjusted, tested, strict=True)]
        self._worst = min(range(len(tested)), key=lambda index: order[index])

    def decide(self, index: int) -> Decision:
        one, p = self._tested[index], self._adjusted[index]
        alpha = self._evidence.alpha
        outcome = Outcome.FAIL if p <= alpha else Outcome.PASS
        proven = "proven worse" if outcome is Outcome.FAIL else "not proven worse"
        how = p_value(p) if len(self._tested) == 1 else f"{p_value(p)} {_NAMES[self._rule.correction]}"
        reason = f"{self._words.difference(one.difference)}: {proven}, {how}, level {alpha:g}"
        return draft(
            self._rule,
            one.slice,
            outcome,
            reason + self._among(index),
            **_numbers(one),
            limit=0.0,
            n=one.n,
        )

    def _among(self, index: int) -> str:
        count = len(self._tested)
        if count == 1:
            return ""
        if index == self._worst:
            return f"; the worst of {count} slices tested"
        worst = self._tested[self._worst].difference
        side = "below" if worst.value < 0 else "above"
        numbers = (
            f"{self._words.size(worst.value)} {side}",
            self._words.between(worst.low, worst.high),
            p_value(self._adjusted[self._worst]),
        )
        name = self._tested[self._worst].slice
        return f"; {count} slices tested, the worst is {name} ({', '.join(numbers)})"


def _numbers(one: Compared) -> dict[str, float]:
    return {"value": one.difference.value, "low": one.difference.low, "high": one.difference.high}

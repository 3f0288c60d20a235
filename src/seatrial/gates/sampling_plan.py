"""How many labelled samples a policy needs on each slice, before any of them is paid for."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from seatrial.errors import InputError
from seatrial.gates.policy import Policy
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
)
from seatrial.metrics import METRICS
from seatrial.slices import ALL, SliceReport, SliceRow
from seatrial.statistics import Estimate
from seatrial.statistics.proportion import z_score
from seatrial.statistics.sample_size import (
    samples_for_difference,
    samples_for_mean,
    samples_for_range,
    samples_for_rate,
    samples_to_see_a_loss,
)

__all__ = ["POWERS", "Assumptions", "Need", "plan_test_set"]

#: Probabilities that a rule comes out right, for which the samples are counted.
POWERS = (0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed of models and data that are not measured yet.

    Attributes:
        rates: True value of a metric, by name; for accuracy and for recall of a class.
        disagreement: Share of samples that exactly one of candidate and champion has right.
        loss: Loss on one slice that ``no_regression`` has to catch.
        gain: True gain of the candidate, for ``improve``.
        slices: How many slices a family of ``slices`` has, by name.
        report: An earlier slice report, whose values and intervals stand for the next ones; None for none.
        use: Which use of the test set is planned for, from 1, where the policy limits them.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    disagreement: float = 0.06
    loss: float = 0.05
    gain: float = 0.02
    slices: Mapping[str, int] = field(default_factory=dict)
    report: SliceReport | None = None
    use: int = 1


@dataclass(frozen=True, slots=True)
class Need:
    """What one rule needs on one slice.

    Attributes:
        rule: The rule's id.
        slice: The slice; "each of site" where the slices of a family are not known yet.
        unit: What is counted: ``samples``, or those of a class.
        assumed: What was assumed.
        samples: How many are needed, by power; None where no number suffices or it cannot be said.
        at_hand: How many the earlier report has; None without one.
        problem: Why it cannot be said; empty where it can.
    """

    rule: str
    slice: str
    unit: str
    assumed: str
    samples: Mapping[float, int | None]
    at_hand: int | None = None
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write the need as the step's output holds it."""
        return {
            "rule": self.rule,
            "slice": self.slice,
            "unit": self.unit,
            "assumed": self.assumed,
            "samples": {f"{power:g}": count for power, count in self.samples.items()},
            "at_hand": self.at_hand,
            "problem": self.problem,
        }


def plan_test_set(policy: Policy, assumptions: Assumptions) -> list[Need]:
    """Say how many samples each rule needs on each of its slices.

    Raises:
        InputError: An assumption is out of range, or one that is needed is not given.
    """
    _check(policy, assumptions)
    plan = _Plan(policy, assumptions)
    return [need for rule in policy.rules for need in plan.of(rule)]


def _check(policy: Policy, assumptions: Assumptions) -> None:
    shares = {"disagreement": assumptions.disagreement, "drop": assumptions.loss, "gain": assumptions.gain}
    for name, value in {**shares, **assumptions.rates}.items():
        if not 0 <= value <= 1:
            raise InputError(f"{name}: expected a share between 0 and 1, got {value:g}")
    for name in assumptions.rates:
        if name not in METRICS:
            raise InputError(f"rate: expected a metric, got {name!r}")
    for name, count in assumptions.slices.items():
        if name not in policy.slices:
            raise InputError(f"values: expected an entry of slices, got {name!r}")
        if count < 1:
            raise InputError(f"values: expected at least 1 slice of {name!r}, got {count}")
    if assumptions.use < 1:
        raise InputError(f"use: uses are counted from 1, got {assumptions.use}")


class _Plan:
    def __init__(self, policy: Policy, assumptions: Assumptions) -> None:
        self._policy, self._assumed = policy, assumptions
        self._alpha = policy.alpha_of(assumptions.use)
        self._confidence = 1 - self._alpha
        self._z = z_score(self._confidence)

    def of(self, rule: Rule) -> Iterator[Need]:
        match rule:
            case Data():
                return
            case Scenarios():
                return
            case Coverage():
                wanted = self._policy.min_n(rule)
                where = self._family(rule.slice)
                yield Need(rule.id, where, "samples", "min_n", dict.fromkeys(POWERS, wanted))
            case _:
                yield from self._measured(rule)

    def _measured(self, rule: MetricRule) -> Iterator[Need]:
        report = self._assumed.report
        if report is None:
            if METRICS[rule.metric].is_proportion(rule.class_):
                yield self._by_hand(rule)
            else:
                yield self._unknown(
                    rule, f"{rule.metric} is no share of samples: give an earlier slice report"
                )
            return
        rows = [
            row
            for row in report.rows
            if (row.family, row.metric, row.class_) == (rule.slice, rule.metric, rule.class_)
        ]
        if not rows:
            yield self._unknown(rule, f"the earlier report does not hold {rule.metric} on {rule.slice}")
        elif isinstance(rule, Gap):
            yield self._gap_like(rule, rows)
        else:
            for row in rows:
                yield self._like(rule, row, len(rows))

    # without an earlier report: shares of samples, from assumed rates

    def _by_hand(self, rule: MetricRule) -> Need:
        match rule:
            case Min() | Max():
                return self._bound_by_hand(rule)
            case NonInferior():
                psi = self._assumed.disagreement
                counts = {
                    power: samples_for_difference(0.0, psi, -rule.margin, self._confidence, power)
                    for power in POWERS
                }
                return self._need(rule, f"equal models, {psi:g} disagreement", counts)
            case Improve():
                gain, psi = self._assumed.gain, max(self._assumed.disagreement, self._assumed.gain)
                counts = {
                    power: samples_for_difference(gain, psi, rule.gain, self._confidence, power)
                    for power in POWERS
                }
                return self._need(rule, f"a gain of {gain:g}, {psi:g} disagreement", counts)
            case NoRegression():
                return self._loss_by_hand(rule)
            case Gap():
                rate, count = self._rate(rule), self._count(rule.slice)
                deviation = math.sqrt(rate * (1 - rate))
                counts = {
                    power: samples_for_range(rule.max, deviation, count, self._confidence, power)
                    for power in POWERS
                }
                return self._need(rule, f"{rule.metric} {rate:g} on each of {count} slices", counts)
        raise AssertionError(rule.id)  # pragma: no cover - every rule on a metric is above

    def _bound_by_hand(self, rule: Min | Max) -> Need:
        rate, sign = self._rate(rule), isinstance(rule, Max)
        if rule.use == "point":
            met = rate <= rule.value if sign else rate >= rule.value
            judged = dict.fromkeys(POWERS, 1 if met else None)
            return self._need(rule, f"{rule.metric} {rate:g}, judged by point", judged)
        exact = {
            power: samples_for_rate(abs(sign - rate), abs(sign - rule.value), self._confidence, power)
            for power in POWERS
        }
        return self._need(rule, f"{rule.metric} {rate:g}", exact)

    def _loss_by_hand(self, rule: NoRegression) -> Need:
        loss, count = self._assumed.loss, self._count(rule.slice)
        psi = self._assumed.disagreement + loss
        level = self._corrected(rule, count)
        counts = {
            power: None if loss <= 0 else samples_to_see_a_loss(loss, psi, level, power) for power in POWERS
        }
        return self._need(rule, f"a loss of {loss:g} on one of {count} slices, {psi:g} disagreement", counts)

    # with an earlier report: its intervals tell how much one sample says

    def _like(self, rule: MetricRule, row: SliceRow, family: int) -> Need:
        unit = row.n / max(row.candidate.n, 1)
        if isinstance(rule, Min | Max):
            return self._bound_like(rule, row, unit)
        if row.difference is None:
            return self._unknown(rule, "the earlier report compares with no champion", row.slice)
        width = row.difference.high - row.difference.low
        deviation = width / 2 / self._z_of_report() * math.sqrt(row.difference.n)
        higher = METRICS[rule.metric].higher_is_better
        z, distance, assumed = self._z, 0.0, ""
        match rule:
            case NonInferior():
                distance, assumed = rule.margin, "equal models"
            case Improve():
                gain = row.difference.value if higher else -row.difference.value
                distance, assumed = gain - rule.gain, f"the gain measured, {gain:.3g}"
            case NoRegression():
                distance = self._assumed.loss
                assumed = f"a loss of {distance:g} on one of {family} slices"
                z = z_score(1 - 2 * self._corrected(rule, family))
        assumed += ", spread as measured"
        counts = {power: samples_for_mean(distance, deviation, z, power) for power in POWERS}
        return self._need(rule, assumed, _scaled(counts, unit), row)

    def _bound_like(self, rule: Min | Max, row: SliceRow, unit: float) -> Need:
        measured = row.candidate
        if not isinstance(measured, Estimate) or measured.low is None or measured.high is None:
            return self._unknown(rule, "the earlier report holds no interval", row.slice)
        sign = isinstance(rule, Max)
        distance = rule.value - measured.value if sign else measured.value - rule.value
        assumed = f"{rule.metric} {measured.value:.3g} as measured"
        if rule.use == "point":
            enough = 1 if distance >= 0 else None
            return self._need(rule, f"{assumed}, judged by point", dict.fromkeys(POWERS, enough), row)
        if METRICS[rule.metric].is_proportion(rule.class_) and self._independent():
            rate, limit = abs(sign - measured.value), abs(sign - rule.value)
            exact = {power: samples_for_rate(rate, limit, self._confidence, power) for power in POWERS}
            return self._need(rule, assumed, _scaled(exact, unit), row)
        deviation = (measured.high - measured.low) / 2 / self._z_of_report() * math.sqrt(measured.n)
        counts = {power: samples_for_mean(distance, deviation, self._z, power) for power in POWERS}
        return self._need(rule, assumed, _scaled(counts, unit), row)

    def _gap_like(self, rule: Gap, rows: list[SliceRow]) -> Need:
        deviations = [
            (one.high - one.low) / 2 / self._z_of_report() * math.sqrt(row.n)
            for row in rows
            if isinstance(one := row.candidate, Estimate) and one.low is not None and one.high is not None
        ]
        if len(deviations) < 2:  # noqa: PLR2004 - a gap has two ends
            return self._unknown(rule, "the earlier report holds fewer than two intervals", rule.slice)
        counts = {
            power: samples_for_range(rule.max, max(deviations), len(rows), self._confidence, power)
            for power in POWERS
        }
        assumed = f"{len(rows)} equal slices, spread as on the widest"
        where = self._family(rule.slice)
        return self._need(rule, assumed, counts, where=where, at_hand=min(row.n for row in rows))

    # what both share

    def _need(
        self,
        rule: MetricRule,
        assumed: str,
        counts: Mapping[float, int | None],
        row: SliceRow | None = None,
        *,
        where: str = "",
        at_hand: int | None = None,
    ) -> Need:
        least = self._policy.min_n(rule)
        samples = {power: None if count is None else max(count, least) for power, count in counts.items()}
        unit = "samples" if rule.class_ is None or row is not None else f"samples of {rule.class_}"
        if row is not None:
            where, at_hand = row.slice, row.n
        return Need(rule.id, where or self._family(rule.slice), unit, assumed, samples, at_hand)

    def _unknown(self, rule: MetricRule, problem: str, where: str = "") -> Need:
        nothing = dict.fromkeys(POWERS)
        return Need(rule.id, where or self._family(rule.slice), "samples", "", nothing, problem=problem)

    def _family(self, name: str) -> str:
        spec = self._policy.slices.get(name)
        return f"each of {name}" if spec is not None and spec.by is not None else name

    def _rate(self, rule: MetricRule) -> float:
        if rule.metric not in self._assumed.rates:
            raise InputError(
                f"rule {rule.id!r}: say which {rule.metric} is expected (--rate {rule.metric}=0.9), or give "
                "an earlier slice report (--slices)"
            )
        return self._assumed.rates[rule.metric]

    def _count(self, family: str) -> int:
        spec = self._policy.slices.get(family)
        if family == ALL or spec is None or spec.by is None:
            return 1
        if family not in self._assumed.slices:
            raise InputError(
                f"say how many slices {family!r} has (--values {family}=12), or give an earlier slice report "
                "(--slices)"
            )
        return self._assumed.slices[family]

    def _corrected(self, rule: NoRegression, count: int) -> float:
        return self._alpha if rule.correction == "none" else self._alpha / count

    def _independent(self) -> bool:
        report = self._assumed.report
        return report is not None and report.header.get("resampled_by") == "sample"

    def _z_of_report(self) -> float:
        assert self._assumed.report is not None
        confidence = self._assumed.report.header.get("confidence")
        if not isinstance(confidence, float) or not 0 < confidence < 1:
            raise InputError(f"the earlier report: expected a confidence between 0 and 1, got {confidence}")
        return z_score(confidence)


def _scaled(counts: Mapping[float, int | None], unit: float) -> dict[float, int | None]:
    """From samples that a metric rests on to samples of the slice."""
    return {power: None if n is None else math.ceil(n * unit - 1e-9) for power, n in counts.items()}

import math

import pytest

from seatrial.gates import Outcome
from seatrial.statistics import Estimate, NotComputable

FLOOR = "id: floor, type: min, metric: accuracy, value: 0.8"
CEILING = "id: ceiling, type: max, metric: log_loss, value: 0.5"


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.85, 0.81, 0.88, "pass"),
        (0.85, 0.80, 0.88, "pass"),
        (0.82, 0.79, 0.85, "inconclusive"),
        (0.78, 0.75, 0.80, "inconclusive"),
        (0.75, 0.71, 0.79, "fail"),
    ],
)
def test_a_minimum_is_judged_by_the_interval(judge, row, value, low, high, expected):
    (decision,) = judge(FLOOR, rows=[row(value=value, low=low, high=high)]).decisions
    assert str(decision.outcome) == expected
    assert (decision.value, decision.low, decision.high, decision.limit) == (value, low, high, 0.8)


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [(0.4, 0.3, 0.5, "pass"), (0.4, 0.3, 0.51, "inconclusive"), (0.6, 0.51, 0.7, "fail")],
)
def test_the_favourable_bound_of_a_maximum_is_the_upper_one(judge, row, value, low, high, expected):
    verdict = judge(CEILING, rows=[row(metric="log_loss", value=value, low=low, high=high)])
    assert str(verdict.outcome) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.8, "pass"), (0.79, "fail")])
def test_a_point_is_judged_without_its_interval_and_says_so(judge, row, value, expected):
    (decision,) = judge(f"{FLOOR}, use: point", rows=[row(value=value, low=0.5, high=0.95)]).decisions
    assert str(decision.outcome) == expected
    assert "the value alone, without regard to chance" in decision.reason


def test_a_value_without_an_interval_can_only_be_judged_by_point(judge, row):
    bare = row(candidate=Estimate(0.85, None, None, 400))
    assert judge(FLOOR, rows=[bare]).outcome is Outcome.ERROR
    assert judge(f"{FLOOR}, use: point", rows=[bare]).outcome is Outcome.PASS


def test_the_reason_holds_the_numbers(judge, row):
    (decision,) = judge(FLOOR, rows=[row(value=0.75, low=0.71, high=0.79, n=425)]).decisions
    assert decision.reason == (
        "accuracy 75.0 % (95 % interval 71.0 % to 79.0 %, n = 425): even the upper bound is below 80 %"
    )


def test_too_few_samples_are_inconclusive_and_say_how_many_are_missing(judge, row):
    (decision,) = judge(f"{FLOOR}, min_n: 50", rows=[row(value=0.95, low=0.9, high=0.99, n=20)]).decisions
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.n_needed == 30
    assert "20 samples, at least 50 needed" in decision.reason


def test_too_few_samples_are_inconclusive_by_point_too(judge, row):
    rule = f"{FLOOR}, min_n: 50, use: point"
    assert judge(rule, rows=[row(value=0.95, n=20)]).outcome is Outcome.INCONCLUSIVE


def test_an_inconclusive_decision_says_how_many_more_samples_would_decide(judge, row):
    (decision,) = judge(FLOOR, rows=[row(value=0.82, low=0.78, high=0.85, n=400)]).decisions
    assert decision.n_needed == 1200
    assert "about 1200 more samples would decide" in decision.reason


def test_a_value_on_the_limit_is_decided_by_no_number_of_samples(judge, row):
    (decision,) = judge(FLOOR, rows=[row(value=0.8, low=0.78, high=0.82)]).decisions
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.n_needed is None


def test_every_slice_of_a_family_is_judged_in_the_order_of_its_name(judge, row, outcomes):
    rows = [row("site=10", value=0.7), row("site=2"), row("site=∅"), row()]
    verdict = judge(f"{FLOOR}, slice: site", rows=rows)
    assert list(outcomes(verdict).items()) == [("site=2", "pass"), ("site=10", "fail"), ("site=∅", "pass")]


def test_a_class_is_judged_by_its_own_metric(judge, row):
    rows = [row(metric="recall", value=0.9), row(metric="recall", class_="cracked", value=0.5)]
    verdict = judge("id: r, type: min, metric: recall, class: cracked, value: 0.8", rows=rows)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.decisions[0].class_ == "cracked"
    assert verdict.decisions[0].reason.startswith("recall of class 'cracked' 50.0 %")


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (NotComputable("no sample of the class", 0), "not computable: no sample of the class"),
        (Estimate(math.nan, 0.8, 0.9, 400), "not finite: nan"),
        (Estimate(0.85, 0.8, math.inf, 400), "not finite: 0.85, interval 0.8 to inf"),
        (Estimate(0.85, 0.9, 0.8, 400), "the interval is upside down"),
    ],
)
def test_what_is_no_number_is_an_error(judge, row, candidate, reason):
    verdict = judge(FLOOR, rows=[row(candidate=candidate)])
    assert verdict.outcome is Outcome.ERROR
    assert verdict.decisions[0].reason.startswith(reason)


def test_a_metric_that_was_not_measured_is_an_error(judge, row):
    verdict = judge("id: a, type: min, metric: auroc, value: 0.8", rows=[row()])
    assert verdict.outcome is Outcome.ERROR
    assert verdict.decisions[0].reason == "auroc was not measured"


def test_a_class_that_the_model_does_not_know_is_an_error(judge, row):
    rule = "id: r, type: min, metric: recall, class: craked, value: 0.8"
    verdict = judge(rule, rows=[row(metric="recall")])
    assert verdict.outcome is Outcome.ERROR
    assert "expected one of the classes cracked, sound, got 'craked'; did you mean" in (
        verdict.decisions[0].reason
    )


@pytest.mark.parametrize(("on_missing", "expected"), [("error", "error"), ("skip", "skipped")])
def test_a_slice_without_samples_is_what_the_rule_says(judge, row, on_missing, expected):
    rules = (
        f"{FLOOR}, slice: night, on_missing_slice: {on_missing}",
        "id: b, type: min, metric: f1, value: 0",
    )
    for rows in ([row()], [row(), row("night", size=0, candidate=NotComputable("no sample", 0))]):
        verdict = judge(*rules, rows=[*rows, row(metric="f1")])
        assert str(verdict.decisions[0].outcome) == expected
        assert str(verdict.outcome) == ("error" if expected == "error" else "pass")


def test_a_slice_that_was_measured_by_another_definition_is_an_error(judge, report, row):
    measured = report(row("night"), slices={"night": {"where": "light == 'dusk'"}})
    verdict = judge(f"{FLOOR}, slice: night", slices=measured)
    assert verdict.outcome is Outcome.ERROR
    assert "measured with where \"light == 'dusk'\", the policy says" in verdict.decisions[0].reason


def test_a_slice_that_the_report_does_not_know_is_an_error_even_where_missing_slices_are_skipped(
    judge, report, row
):
    measured = report(row(), slices={"site": {"by": ["site"]}})
    verdict = judge(f"{FLOOR}, slice: night, on_missing_slice: skip", slices=measured)
    assert verdict.decisions[0].outcome is Outcome.ERROR
    assert "'night' was not measured" in verdict.decisions[0].reason


def test_fitted_bins_are_the_bins_that_the_policy_asks_for(judge, report, row):
    fitted = {"b": {"by": {"brightness": {"edges": [0.2, 0.4]}}}}
    asked = {"b": {"by": {"brightness": {"bins": "quantile", "n": 3}}}}
    measured = report(row("brightness=[0.2, 0.4)", family="b"), slices=fitted, asked=asked)
    rule = f"{FLOOR}, slice: b"
    by_rule = "{b: {by: {brightness: {bins: quantile, n: 3}}}}"
    assert _judged(judge, rule, measured, by_rule) is Outcome.PASS
    assert _judged(judge, rule, measured, "{b: {by: {brightness: {edges: [0.2, 0.4]}}}}") is Outcome.PASS
    for bins in ("bins: quantile, n: 2", "bins: quantile, n: 4", "bins: fixed, n: 3"):
        specs = f"{{b: {{by: {{brightness: {{{bins}}}}}}}}}"
        assert _judged(judge, rule, measured, specs) is Outcome.ERROR
    assert _judged(judge, rule, measured, "{b: {by: {brightness: {edges: [0.2, 0.5]}}}}") is Outcome.ERROR
    assert _judged(judge, rule, measured, "{b: {by: [brightness]}}") is Outcome.ERROR


def _judged(judge, rule, measured, specs):
    return judge(rule, slices=measured, specs=specs).outcome

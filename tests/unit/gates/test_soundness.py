"""A slice report that cannot be true is an error, whatever its numbers say."""

import math

import pytest

from seatrial.gates import Outcome
from seatrial.statistics import Estimate, NotComputable

FLOOR = "id: a, type: min, metric: accuracy, value: 0.5, slice: site"
NO_WORSE = "id: a, type: no_regression, metric: accuracy, slice: site"
BINS = "{site: {by: {site: {bins: quantile, n: 2}}}}"


@pytest.mark.parametrize(
    ("candidate", "problem"),
    [
        (Estimate(0.9, 0.91, 0.95, 400), "outside its interval"),
        (Estimate(0.9, 0.6, 0.8, 400), "outside its interval"),
        (Estimate(0.9, 0.95, None, 400), "outside its interval"),
        (Estimate(0.9, 0.95, 0.85, 400), "upside down"),
        (Estimate(math.nan, 0.8, 0.95, 400), "not finite"),
        (Estimate(0.9, 0.8, math.inf, 400), "not finite"),
        (Estimate(90.0, 85.0, 95.0, 400), "expected accuracy between 0 and 1, got 90"),
        (Estimate(0.9, 0.85, 0.95, 401), "rests on 401 samples, but the slice holds 400"),
        (NotComputable("no sample", 0), "not computable: no sample"),
    ],
)
@pytest.mark.parametrize("rule", [FLOOR, NO_WORSE])
def test_a_measurement_that_cannot_be_true_is_an_error(judge, row, rule, candidate, problem):
    (decision,) = judge(rule, rows=[row("site=1", candidate=candidate)]).decisions
    assert decision.outcome is Outcome.ERROR
    assert problem in decision.reason


@pytest.mark.parametrize(
    ("difference", "problem"),
    [
        ((0.0, 0.01, 0.02, 0.5), "outside its interval"),
        ((0.0, 0.01, -0.01, 0.5), "corrupt"),
        ((0.0, -0.01, 0.01, 1.5), "corrupt"),
        ((0.0, -math.inf, 0.01, 0.5), "not finite"),
        ((0.03, -0.01, 0.05, 0.5), "the two values are 0.0 apart"),
    ],
)
def test_a_difference_that_cannot_be_true_is_an_error(judge, row, difference, problem):
    (decision,) = judge(NO_WORSE, rows=[row("site=1", champion=0.85, difference=difference)]).decisions
    assert decision.outcome is Outcome.ERROR
    assert problem in decision.reason


@pytest.mark.parametrize("rule", [FLOOR, NO_WORSE, "id: a, type: coverage, slice: site, min_n: 1"])
def test_a_slice_that_is_missing_in_the_report_is_an_error(judge, row, report, rule):
    whole = report(
        row("site=1", n=400),
        row("site=2", n=600),
        slices={"site": {"by": ["site"]}},
        dataset={"name": "val", "digest": "sha256:data", "n": 1000, "labelled": 1000},
    )
    assert judge(rule, slices=whole).outcome is Outcome.PASS
    part = report(*whole.rows[:1], slices=whole.slices, dataset=whole.header["dataset"])
    (decision,) = judge(rule, slices=part).decisions
    assert decision.outcome is Outcome.ERROR
    assert "hold 400 of 1000 labelled samples" in decision.reason


@pytest.mark.parametrize(
    ("measured", "problem"),
    [
        ({}, "was not measured"),
        ({"site": 3}, "was not measured"),
        ({"site": {"by": {"site": {"edges": [1, 2, 3]}}}}, "measured with by {'site': {'edges': [1, 2, 3]}}"),
    ],
)
def test_slices_that_were_measured_otherwise_are_an_error(judge, row, report, measured, problem):
    rows = [row("site=1"), row("site=2")]
    (decision,) = judge(FLOOR, slices=report(*rows, slices=measured), specs=BINS).decisions
    assert decision.outcome is Outcome.ERROR
    assert problem in decision.reason


def test_a_predicate_without_its_slice_is_an_error_although_the_rule_skips_empty_ones(judge, row, report):
    rule = "id: a, type: min, metric: accuracy, value: 0.5, slice: night, on_missing_slice: skip"
    measured = report(row(), slices={"night": {"where": "light == 'night'"}})
    (decision,) = judge(rule, slices=measured).decisions
    assert decision.outcome is Outcome.ERROR
    assert "'night' is not in the slice report" in decision.reason


def test_a_confidence_that_is_no_number_is_an_error(judge, row, report):
    verdict = judge(FLOOR, slices=report(row("site=1"), confidence=math.nan))
    assert verdict.outcome is Outcome.ERROR

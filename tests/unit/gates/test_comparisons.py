import math

import pytest

from seatrial.gates import Outcome
from seatrial.statistics import NotComputable

NO_WORSE = "id: sites, type: no_regression, metric: accuracy, slice: site"
WITHIN = "id: ni, type: non_inferior, metric: accuracy, margin: 0.02"
BETTER = "id: up, type: improve, metric: accuracy, gain: 0.01"


def sites(row, *p_values, n=400, metric="accuracy"):
    return [
        row(f"site={index}", metric=metric, difference=(-0.04, -0.07, -0.01, p), n=n)
        for index, p in enumerate(p_values)
    ]


def test_a_proven_regression_fails_and_is_named_with_its_numbers(judge, row):
    verdict = judge(NO_WORSE, rows=sites(row, 0.5, 0.001, 0.3))
    assert verdict.outcome is Outcome.FAIL
    (refusing,) = verdict.blocking()
    assert refusing.slice == "site=1"
    assert refusing.reason == (
        "accuracy 4.0 points below the champion's (95 % interval −7.0 to −1.0 points, n = 400): "
        "proven worse, p = 0.003 after Holm's correction, level 0.05; the worst of 3 slices tested"
    )


def test_a_slice_that_holds_says_how_many_were_tested_and_which_is_the_worst(judge, row):
    decision = judge(NO_WORSE, rows=sites(row, 0.5, 0.001, 0.3)).decisions[0]
    assert decision.outcome is Outcome.PASS
    assert "not proven worse" in decision.reason
    assert decision.reason.endswith(
        "3 slices tested, the worst is site=1 (4.0 points below, 95 % interval −7.0 to −1.0 points, "
        "p = 0.003)"
    )


@pytest.mark.parametrize(
    ("correction", "failing"),
    [("none", 3), ("benjamini_hochberg", 3), ("holm", 1)],
)
def test_p_values_are_corrected_for_the_number_of_slices(judge, row, correction, failing):
    verdict = judge(f"{NO_WORSE}, correction: {correction}", rows=sites(row, 0.01, 0.02, 0.03, 0.5))
    assert sum(one.outcome is Outcome.FAIL for one in verdict.decisions) == failing


def test_a_slice_with_too_few_samples_is_not_tested_and_does_not_count(judge, row):
    small = row("site=9", value=0.5, difference=(-0.3, -0.5, -0.1, 0.0001), n=5)
    verdict = judge(NO_WORSE, rows=[*sites(row, 0.04), small])
    by_slice = {one.slice: one for one in verdict.decisions}
    assert by_slice["site=0"].outcome is Outcome.FAIL
    assert by_slice["site=9"].outcome is Outcome.INCONCLUSIVE
    assert by_slice["site=9"].n_needed >= 25


def test_a_regression_is_tested_on_everything_too(judge, row):
    rule = "id: all, type: no_regression, metric: accuracy"
    assert judge(rule, rows=[row(difference=(-0.04, -0.07, -0.01, 0.01))]).outcome is Outcome.FAIL
    assert judge(rule, rows=[row()]).outcome is Outcome.PASS


def test_a_test_that_is_never_inconclusive_says_not_proven_rather_than_equal(judge, row):
    rule = "id: all, type: no_regression, metric: accuracy"
    (decision,) = judge(rule, rows=[row(difference=(-0.04, -0.09, 0.01, 0.08))]).decisions
    assert decision.outcome is Outcome.PASS
    assert "not proven worse" in decision.reason


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ((0.0, -0.019, 0.02, 0.5), "pass"),
        ((0.0, -0.02, 0.02, 0.5), "inconclusive"),
        ((-0.03, -0.05, -0.01, 0.5), "inconclusive"),
        ((-0.05, -0.07, -0.021, 0.5), "fail"),
    ],
)
def test_non_inferiority_is_proven_by_the_interval(judge, row, difference, expected):
    (decision,) = judge(WITHIN, rows=[row(difference=difference)]).decisions
    assert str(decision.outcome) == expected
    assert decision.limit == -0.02


@pytest.mark.parametrize("metric", ["log_loss", "brier", "ece"])
@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ((0.0, -0.02, 0.019, 0.5), "pass"),
        ((0.03, -0.01, 0.05, 0.5), "inconclusive"),
        ((0.05, 0.021, 0.07, 0.5), "fail"),
        ((-0.5, -0.6, -0.4, 0.5), "pass"),
    ],
)
def test_where_lower_is_better_a_rise_is_a_loss(judge, row, metric, difference, expected):
    rule = f"id: ni, type: non_inferior, metric: {metric}, margin: 0.02"
    (decision,) = judge(rule, rows=[row(metric=metric, value=0.4, difference=difference)]).decisions
    assert str(decision.outcome) == expected
    assert decision.limit == 0.02


@pytest.mark.parametrize(
    ("difference", "expected"),
    [
        ((0.03, 0.011, 0.05, 0.5), "pass"),
        ((0.03, 0.01, 0.05, 0.5), "inconclusive"),
        ((0.0, -0.02, 0.01, 0.5), "fail"),
    ],
)
def test_an_improvement_is_proven_by_the_interval(judge, row, difference, expected):
    assert str(judge(BETTER, rows=[row(difference=difference)]).outcome) == expected


def test_an_improvement_of_a_loss_is_a_fall(judge, row):
    rule = "id: up, type: improve, metric: log_loss, gain: 0.01"
    falls = row(metric="log_loss", difference=(-0.03, -0.05, -0.011, 0.5))
    assert judge(rule, rows=[falls]).outcome is Outcome.PASS


def test_an_unchanged_model_is_no_improvement(judge, row):
    rule = "id: up, type: improve, metric: accuracy"
    (decision,) = judge(rule, rows=[row(difference=(0.0, 0.0, 0.0, 0.5))]).decisions
    assert decision.outcome is Outcome.FAIL
    assert decision.reason.startswith("accuracy equal to the champion's")


def test_an_inconclusive_comparison_says_how_many_more_samples_would_decide(judge, row):
    (decision,) = judge(WITHIN, rows=[row(difference=(0.0, -0.04, 0.04, 0.5), n=400)]).decisions
    assert decision.n_needed == 1200


@pytest.mark.parametrize("rule", [NO_WORSE, WITHIN, BETTER])
@pytest.mark.parametrize(("on_missing", "expected"), [("skip", "skipped"), ("error", "error")])
def test_without_a_champion_a_comparison_is_skipped_or_an_error(
    judge, without_champion, row, rule, on_missing, expected
):
    verdict = judge(
        rule,
        "id: floor, type: min, metric: accuracy, value: 0.5",
        slices=without_champion(row(), row("site=1")),
        baseline=f"{{on_missing: {on_missing}}}",
    )
    assert str(verdict.decisions[0].outcome) == expected
    assert str(verdict.outcome) == ("pass" if on_missing == "skip" else "error")
    assert bool(verdict.notes) == (on_missing == "skip")


def test_a_first_model_may_pass_on_comparisons_alone_where_the_policy_skips_them(
    judge, without_champion, row
):
    verdict = judge(WITHIN, slices=without_champion(row()), baseline="{on_missing: skip}")
    assert verdict.outcome is Outcome.PASS
    assert verdict.notes == ("there is no champion yet: skipped ni",)


@pytest.mark.parametrize("rule", [NO_WORSE, WITHIN, BETTER])
def test_different_samples_are_an_error(judge, report, row, rule):
    differing = report(
        row(), row("site=1"), same_samples=False, sample_problems=["3 images are missing: 'a'"]
    )
    verdict = judge(rule, slices=differing)
    assert verdict.outcome is Outcome.ERROR
    assert "3 images are missing: 'a'" in verdict.decisions[0].reason


def test_a_report_that_does_not_say_whether_the_samples_are_the_same_is_an_error(judge, report, row):
    assert judge(WITHIN, slices=report(row(), same_samples=None)).outcome is Outcome.ERROR


@pytest.mark.parametrize(
    "broken",
    [
        {"difference": None},
        {"difference": (math.nan, -0.1, 0.1, 0.5)},
        {"difference": (0.0, 0.1, -0.1, 0.5)},
        {"difference": (0.0, -0.1, 0.1, 1.5)},
        {"baseline": NotComputable("no scores", 0)},
        {"candidate": NotComputable("no scores", 0)},
    ],
)
@pytest.mark.parametrize("rule", [NO_WORSE, WITHIN, BETTER])
def test_a_difference_that_is_none_is_an_error(judge, row, rule, broken):
    verdict = judge(rule, rows=[row(**broken), row("site=1", **broken)])
    assert verdict.outcome is Outcome.ERROR

"""How many samples a policy needs: by assumptions, or like an earlier report."""

import math

import pytest

from seatrial.errors import InputError
from seatrial.gates.sampling_plan import Assumptions, plan_test_set
from seatrial.slices import SliceReport
from seatrial.statistics import Estimate
from seatrial.statistics.proportion import z_score
from seatrial.statistics.sample_size import (
    samples_for_difference,
    samples_for_mean,
    samples_for_range,
    samples_for_rate,
    samples_to_see_a_loss,
)

BY_HAND = Assumptions(rates={"accuracy": 0.9, "recall": 0.8}, slices={"site": 4})


def planned(policy, rule, assumptions=BY_HAND, **sections):
    return plan_test_set(policy(f"id: a, {rule}", **sections), assumptions)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("type: min, metric: accuracy, value: 0.85", samples_for_rate(0.9, 0.85, 0.95, 0.8)),
        ("type: min, metric: recall, class: sound, value: 0.7", samples_for_rate(0.8, 0.7, 0.95, 0.8)),
        ("type: max, metric: accuracy, value: 0.95", samples_for_rate(0.1, 0.05, 0.95, 0.8)),
        ("type: min, metric: accuracy, value: 0.95", None),
        ("type: min, metric: accuracy, value: 0.5, min_n: 200", 200),
        ("type: min, metric: accuracy, value: 0.9, use: point", 30),
        ("type: max, metric: accuracy, value: 0.8, use: point", None),
        (
            "type: non_inferior, metric: accuracy, margin: 0.02",
            samples_for_difference(0, 0.06, -0.02, 0.95, 0.8),
        ),
        ("type: improve, metric: accuracy", samples_for_difference(0.02, 0.06, 0, 0.95, 0.8)),
        ("type: improve, metric: accuracy, gain: 0.02", None),
        (
            "type: no_regression, metric: accuracy, slice: site",
            samples_to_see_a_loss(0.05, 0.11, 0.05 / 4, 0.8),
        ),
        (
            "type: no_regression, metric: accuracy, slice: site, correction: none",
            samples_to_see_a_loss(0.05, 0.11, 0.05, 0.8),
        ),
        ("type: no_regression, metric: accuracy", samples_to_see_a_loss(0.05, 0.11, 0.05, 0.8)),
        ("type: gap, metric: accuracy, slice: site, max: 0.1", samples_for_range(0.1, 0.3, 4, 0.95, 0.8)),
        ("type: coverage, slice: site, min_n: 70", 70),
    ],
)
def test_each_rule_needs_what_its_assumptions_say(policy, rule, expected):
    (need,) = planned(policy, rule)
    assert need.samples[0.8] == (None if expected is None else max(expected, 30))
    assert need.problem == ""


def test_data_and_scenarios_need_no_more_samples(policy):
    suite = "{fog: {because: x, expect: {metric: accuracy, min: 1}, samples: [a]}}"
    assert planned(policy, "type: data, check: broken, max_count: 0") == []
    assert planned(policy, "type: scenario", scenarios=suite) == []


def test_a_later_use_of_the_test_set_needs_more(policy):
    rule = "type: min, metric: accuracy, value: 0.85"
    (first,) = planned(policy, rule, dataset="{max_uses: 9}")
    (fifth,) = planned(policy, rule, Assumptions(rates={"accuracy": 0.9}, use=5), dataset="{max_uses: 9}")
    assert fifth.samples[0.8] > first.samples[0.8] > planned(policy, rule)[0].samples[0.8]


def test_a_metric_that_is_no_share_needs_an_earlier_report(policy):
    (need,) = planned(policy, "type: min, metric: f1, value: 0.8")
    assert need.samples == {0.8: None, 0.9: None}
    assert need.problem == "f1 is no share of samples: give an earlier slice report"


@pytest.fixture
def like(policy, report, row):
    """Plan like an earlier report; samples of one group count less where it says so."""

    def make(rule, *rows, resampled_by="sample", **header):
        earlier = report(*rows, resampled_by=resampled_by, **header)
        return planned(policy, rule, Assumptions(report=earlier))

    return make


def test_an_earlier_report_stands_for_the_next_on_each_slice(like, row):
    deviation = 0.03 / z_score(0.95) * math.sqrt(400)
    rows = [row("site=1", metric="f1"), row("site=2", metric="f1", value=0.9)]
    first, second = like("type: min, metric: f1, value: 0.8, slice: site", *rows)
    assert (first.slice, first.at_hand) == ("site=1", 400)
    assert first.samples[0.9] == samples_for_mean(0.05, deviation, z_score(0.95), 0.9)
    assert second.samples[0.9] < first.samples[0.9]


def test_a_share_of_independent_samples_is_counted_exactly(like, row):
    rule = "type: min, metric: accuracy, value: 0.8"
    assert like(rule, row())[0].samples[0.8] == samples_for_rate(0.85, 0.8, 0.95, 0.8)
    deviation = 0.03 / z_score(0.95) * math.sqrt(400)
    grouped = like(rule, row(), resampled_by="group")[0]
    assert grouped.samples[0.8] == samples_for_mean(0.05, deviation, z_score(0.95), 0.8)


def test_a_class_that_is_rare_in_the_slice_needs_more_of_the_slice(like, row):
    rare = row(metric="recall", class_="sound", n=40, size=400)
    (need,) = like("type: min, metric: recall, class: sound, value: 0.7", rare)
    assert need.samples[0.8] == 10 * samples_for_rate(0.85, 0.7, 0.95, 0.8)


def test_comparisons_go_by_the_spread_that_was_measured(like, row):
    deviation = 0.02 / z_score(0.95) * math.sqrt(400)
    rows = [row("site=1", metric="f1"), row("site=2", metric="f1")]
    slices = "metric: f1, slice: site"
    kept = like(f"type: non_inferior, {slices}, margin: 0.01", *rows)[0]
    assert kept.samples[0.8] == samples_for_mean(0.01, deviation, z_score(0.95), 0.8)
    tested = like(f"type: no_regression, {slices}", *rows)[0]
    assert tested.samples[0.8] == samples_for_mean(0.05, deviation, z_score(1 - 2 * 0.05 / 2), 0.8)
    better = [row("site=1", metric="f1", difference=(0.03, 0.01, 0.05, 0.9))]
    gained = like(f"type: improve, {slices}, gain: 0.01", *better)[0]
    assert gained.samples[0.8] == samples_for_mean(0.02, deviation, z_score(0.95), 0.8)
    gap = like(f"type: gap, {slices}, max: 0.1", *rows)[0]
    spread = 0.03 / z_score(0.95) * math.sqrt(400)
    assert gap.samples[0.8] == samples_for_range(0.1, spread, 2, 0.95, 0.8)


@pytest.mark.parametrize(
    ("rule", "parts", "problem"),
    [
        ("type: min, metric: f1, value: 0.8", {}, "the earlier report does not hold f1 on all"),
        (
            "type: min, metric: accuracy, value: 0.8",
            {"candidate": Estimate(0.85, None, None, 400)},
            "the earlier report holds no interval",
        ),
        (
            "type: non_inferior, metric: accuracy, margin: 0.1",
            {"difference": None},
            "the earlier report compares with no champion",
        ),
    ],
)
def test_what_the_earlier_report_does_not_hold_is_told(policy, report, row, rule, parts, problem):
    (need,) = planned(policy, rule, Assumptions(report=report(row(**parts))))
    assert need.problem == problem


def test_an_earlier_report_without_a_confidence_is_an_error(policy, row):
    earlier = SliceReport({"confidence": 2.0}, (row(metric="f1"),))
    with pytest.raises(InputError, match="expected a confidence between 0 and 1, got 2.0"):
        planned(policy, "type: min, metric: f1, value: 0.8", Assumptions(report=earlier))

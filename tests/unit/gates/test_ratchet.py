"""Rule ``scenario``: what the champion solves stays solved."""

import pytest

from seatrial.errors import PolicyError
from seatrial.gates import Outcome
from seatrial.slices import SliceRow
from seatrial.statistics import Estimate, NotComputable

RULE = "id: kept, type: scenario"
SUITE = "{fog: {because: incident 7, expect: {metric: accuracy, min: 1}, samples: [a, b]}}"


@pytest.fixture
def scenario(row):
    """Write the row of the scenario ``fog``."""

    def make(value, champion=1.0, *, n=2, **parts):
        return row(
            "scenario:fog", value=value, low=0.0, high=1.0, n=n, champion=champion, difference=None, **parts
        )

    return make


def decided(judge, *rows, rule=RULE, suite=SUITE, **sections):
    (decision,) = judge(rule, rows=rows, scenarios=suite, **sections).decisions
    return decision


@pytest.mark.parametrize(
    ("candidate", "champion", "kept", "everything"),
    [
        (1.0, 1.0, Outcome.PASS, Outcome.PASS),
        (1.0, 0.5, Outcome.PASS, Outcome.PASS),
        (0.5, 1.0, Outcome.FAIL, Outcome.FAIL),
        (0.5, 0.5, Outcome.SKIPPED, Outcome.FAIL),
    ],
)
def test_what_the_champion_solves_has_to_be_solved(judge, scenario, candidate, champion, kept, everything):
    measured = scenario(candidate, champion)
    assert decided(judge, measured).outcome is kept
    assert decided(judge, measured, rule=f"{RULE}, require: all").outcome is everything


def test_a_decision_says_what_was_expected_and_what_was_reached(judge, scenario):
    decision = decided(judge, scenario(0.5))
    assert decision.reason == (
        "accuracy 50.0 % on 2 frozen samples, at least 100 % expected: no longer solved, "
        "the champion reaches 100.0 %"
    )
    assert (decision.slice, decision.value, decision.limit, decision.n) == ("scenario:fog", 0.5, 1.0, 2)


def test_a_metric_that_is_better_when_lower_has_a_greatest_value(judge, scenario):
    suite = "{fog: {because: x, expect: {metric: log_loss, max: 0.5}, samples: [a, b]}}"
    assert decided(judge, scenario(0.5, 0.4, metric="log_loss"), suite=suite).outcome is Outcome.PASS
    assert decided(judge, scenario(0.6, 0.5, metric="log_loss"), suite=suite).outcome is Outcome.FAIL


def test_the_metric_of_a_class_can_be_expected(judge, scenario):
    suite = "{fog: {because: x, expect: {metric: recall, class: sound, min: 0.5}, samples: [a, b]}}"
    assert decided(judge, scenario(0.5, metric="recall", class_="sound"), suite=suite).outcome is Outcome.PASS
    decision = decided(judge, scenario(0.5, metric="recall"), suite=suite)
    assert decision.outcome is Outcome.ERROR
    assert "recall of class 'sound' was not measured" in decision.reason


def test_a_scenario_that_was_not_measured_is_an_error(judge, row, report):
    decision = decided(judge, row())
    assert (decision.outcome, decision.reason) == (Outcome.ERROR, "accuracy was not measured")


@pytest.mark.parametrize("n", [1, 3])
def test_a_frozen_sample_that_was_not_measured_is_an_error(judge, scenario, n):
    decision = decided(judge, scenario(1.0, n=n))
    assert decision.outcome is Outcome.ERROR
    assert decision.reason == f"{n} of its 2 frozen samples were measured with a label"


@pytest.mark.parametrize("role", ["candidate", "baseline"])
@pytest.mark.parametrize("broken", [NotComputable("no score", 2), Estimate(float("nan"), 0.0, 1.0, 2)])
def test_a_number_that_is_none_is_an_error(judge, scenario, role, broken):
    decision = decided(judge, scenario(1.0, **{role: broken}))
    assert decision.outcome is Outcome.ERROR
    assert ("champion" in decision.reason) == (role == "baseline")


def test_another_list_of_samples_than_was_measured_is_an_error(judge, scenario, report):
    measured = report(scenario(1.0), slices={"scenario:fog": {"ids": ["a", "c"]}})
    (decision,) = judge(RULE, slices=measured, scenarios=SUITE).decisions
    assert decision.outcome is Outcome.ERROR
    assert "measured with ids ['a', 'c'], the policy says ['a', 'b']" in decision.reason


def test_without_a_champion_there_is_nothing_to_keep(judge, scenario, without_champion):
    alone = without_champion(scenario(0.5))
    skips = judge(RULE, slices=alone, scenarios=SUITE, baseline="{on_missing: skip}")
    assert [one.outcome for one in skips.decisions] == [Outcome.SKIPPED]
    assert judge(RULE, slices=alone, scenarios=SUITE).outcome is Outcome.ERROR
    assert judge(f"{RULE}, require: all", slices=alone, scenarios=SUITE).outcome is Outcome.FAIL


def test_a_champion_that_was_not_measured_on_the_scenario_is_an_error(judge, scenario, report):
    full = scenario(1.0)
    bare = SliceRow(*(getattr(full, name) for name in SliceRow.__slots__[:8]))
    (decision,) = judge(RULE, slices=report(bare), scenarios=SUITE).decisions
    assert (decision.outcome, decision.reason) == (Outcome.ERROR, "the champion was not measured")


def test_other_samples_for_the_champion_are_an_error(judge, scenario, report):
    measured = report(scenario(1.0), same_samples=False, sample_problems=["other order"])
    assert judge(RULE, slices=measured, scenarios=SUITE).outcome is Outcome.ERROR


def test_only_the_scenarios_that_a_rule_names_are_judged(judge, scenario):
    suite = SUITE[:-1] + ", dusk: {because: y, expect: {metric: accuracy, min: 1}, samples: [c]}}"
    verdict = judge(f"{RULE}, scenarios: [fog]", rows=[scenario(1.0)], scenarios=suite)
    assert [one.slice for one in verdict.decisions] == ["scenario:fog"]
    assert [one.outcome for one in judge(RULE, rows=[scenario(1.0)], scenarios=suite).decisions] == [
        Outcome.PASS,
        Outcome.ERROR,
    ]


def test_a_scenario_can_be_waived_by_name(judge, scenario):
    waiver = '[{rule: kept, slice: "scenario:fog", owner: Ann, reason: obsolete, expires: 2027-01-01}]'
    decision = decided(judge, scenario(0.5), waivers=waiver)
    assert decision.outcome is Outcome.PASS
    assert decision.waiver["owner"] == "Ann"
    with pytest.raises(PolicyError, match="expected a scenario of rule 'kept' \\(scenario:fog\\), got None"):
        decided(judge, scenario(0.5), waivers="[{rule: kept, owner: A, reason: b, expires: 2027-01-01}]")


def test_a_scenario_that_passes_shows_nothing_of_a_metric(judge, scenario, row):
    straddles = "id: a, type: min, metric: accuracy, value: 0.85, on_inconclusive: warn"
    verdict = judge(straddles, RULE, rows=[row(), scenario(1.0)], scenarios=SUITE)
    assert verdict.outcome is Outcome.INCONCLUSIVE

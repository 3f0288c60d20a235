import pytest

from seatrial.gates import Decision, Outcome
from seatrial.reporting.decisions import rules
from seatrial.reporting.units import favourable, numbers


def decided(type_, metric="accuracy", **changes):
    given = {"value": 0.8, "low": 0.7, "high": 0.9, "limit": 0.75, "n": 100}
    return Decision("id", type_, "block", "all", metric, Outcome.PASS, "because", **(given | changes))


@pytest.mark.parametrize(
    ("type_", "metric", "side"),
    [
        ("min", "accuracy", "right"),
        ("max", "log_loss", "left"),
        ("non_inferior", "accuracy", "right"),
        ("non_inferior", "log_loss", "left"),
        ("no_regression", "ece", "left"),
        ("improve", "f1", "right"),
        ("gap", "recall", "left"),
        ("coverage", None, "right"),
        ("data", None, "left"),
        ("somebody_elses", "accuracy", None),
    ],
)
def test_the_good_side_of_a_limit_follows_rule_and_metric(type_, metric, side):
    assert favourable(decided(type_, metric)) == side


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (decided("min"), ("80.0 %", "70.0 to 90.0 %", "75.0 %")),
        (
            decided("max", "ece", value=0.1, low=0.05, high=0.2, limit=0.15),
            ("0.100", "0.050 to 0.200", "0.150"),
        ),
        (
            decided("non_inferior", value=-0.01, low=-0.03, high=0.01, limit=-0.02),
            ("−1.0 points", "−3.0 to +1.0", "−2.0 points"),
        ),
        (
            decided("gap", value=0.08, low=0.01, high=0.14, limit=0.15),
            ("8.0 points", "1.0 to 14.0", "15.0 points"),
        ),
        (decided("data", None, value=3.0, low=None, high=None, limit=0.0), ("3", "", "0")),
        (decided("data", None, value=0.03, low=None, high=None, limit=0.01), ("3 %", "", "1 %")),
        (decided("min", value=None, low=None, high=None, limit=None), ("", "", "")),
    ],
)
def test_numbers_are_written_in_the_rules_own_unit(decision, text):
    assert tuple(one.replace("\u202f", " ") for one in numbers(decision)) == text


def test_rules_that_block_come_first_and_are_unfolded_where_something_is_wrong(refused):
    found = rules(refused.inputs())
    assert [one.severity for one in found] == sorted(one.severity for one in found)
    assert found[0].id == "cell-type"
    assert {one.id for one in found if one.open} == {"cell-type", "duplicates", *_not_passed(refused)}


def _not_passed(story):
    return {one.rule for one in story.verdict.decisions if one.outcome is not Outcome.PASS}


def test_every_decision_with_a_value_is_drawn_with_its_numbers_on_hover(refused):
    shown = [one for rule in rules(refused.inputs()) for one in (*rule.shown, *rule.hidden)]
    assert len(shown) == len(refused.verdict.decisions)
    for one in shown:
        assert (one.figure is not None) == bool(one.value)
        if one.figure is not None:
            assert one.value in one.figure
            assert "limit" in one.hover


def test_the_champion_is_drawn_beside_a_bound(refused):
    floor = next(one for one in rules(refused.inputs()) if one.id == "floor")
    assert "st-ring st-baseline" in floor.shown[0].figure
    assert "champion" in floor.shown[0].comparison


def test_decisions_that_pass_are_folded_away_when_there_are_many(story):
    rule = "  - {id: enough, type: coverage, slice: cross, severity: block}\n"
    told = story(before={"mono": 2.0, "poly": 2.0}, now={"mono": 2.0, "poly": 2.0}, rules=rule)
    coverage = rules(told.inputs())[0]
    assert len(coverage.shown) + len(coverage.hidden) == 8
    assert not any(one.blocking for one in coverage.hidden)


def test_a_title_says_which_slice_and_class_a_rule_is_about(story):
    rule = """
  - {id: cracks, type: min, metric: recall, class: defective, value: 0.2, severity: block}
"""
    told = story(before={"mono": 2.0, "poly": 2.0}, now={"mono": 2.0, "poly": 2.0}, rules=rule)
    assert rules(told.inputs())[0].title == "Recall of class defective must reach a floor"

from datetime import date

import pytest

from seatrial.gates import Outcome, decide

PASSES = "type: min, metric: accuracy, value: 0.5"
FAILS = "type: min, metric: accuracy, value: 0.99"
STRADDLES = "type: min, metric: accuracy, value: 0.85"
BREAKS = "type: min, metric: auroc, value: 0.5"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([PASSES], "pass"),
        ([PASSES, STRADDLES], "inconclusive"),
        ([PASSES, STRADDLES, FAILS], "fail"),
        ([PASSES, STRADDLES, FAILS, BREAKS], "error"),
    ],
)
def test_error_outweighs_fail_outweighs_inconclusive_outweighs_pass(judge, row, rules, expected):
    verdict = judge(*[f"id: r{index}, {rule}" for index, rule in enumerate(rules)], rows=[row()])
    assert str(verdict.outcome) == expected
    assert verdict.promotes == (expected == "pass")


@pytest.mark.parametrize("rule", [STRADDLES, FAILS, BREAKS])
def test_a_warning_is_reported_and_does_not_decide(judge, row, rule):
    verdict = judge(f"id: a, {PASSES}", f"id: b, {rule}, severity: warn", rows=[row()])
    assert verdict.outcome is Outcome.PASS
    assert verdict.decisions[1].outcome is not Outcome.PASS
    assert not verdict.decisions[1].blocking


def test_each_rule_says_what_inconclusive_means(judge, row):
    assert judge(f"id: a, {STRADDLES}", rows=[row()]).outcome is Outcome.INCONCLUSIVE
    relaxed = "{on_inconclusive: warn}"
    shown = f"id: b, {PASSES}"
    assert judge(f"id: a, {STRADDLES}, on_inconclusive: warn", shown, rows=[row()]).outcome is Outcome.PASS
    assert judge(f"id: a, {STRADDLES}", shown, rows=[row()], defaults=relaxed).outcome is Outcome.PASS
    strict = judge(f"id: a, {STRADDLES}, on_inconclusive: block", shown, rows=[row()], defaults=relaxed)
    assert strict.outcome is Outcome.INCONCLUSIVE


def test_a_policy_without_rules_is_an_error(judge, row):
    verdict = judge(rows=[row()])
    assert verdict.outcome is Outcome.ERROR
    assert verdict.problems == ("the policy has no rule",)


def test_a_policy_that_only_warns_is_an_error(judge, row):
    verdict = judge(f"id: a, {PASSES}, severity: warn", rows=[row()])
    assert verdict.outcome is Outcome.ERROR
    assert "nothing could refuse a candidate" in verdict.problems[0]


def test_a_verdict_that_judged_nothing_is_an_error(judge, row):
    verdict = judge(f"id: a, {PASSES}, slice: night, on_missing_slice: skip", rows=[row()])
    assert verdict.outcome is Outcome.ERROR
    assert verdict.problems == ("every rule of severity block was skipped: nothing was judged",)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ({"confidence": 0.9}, "measured at confidence 0.9, the policy's alpha 0.05 asks for 0.95"),
        ({"confidence": None}, "measured at confidence None"),
        ({"seed": 8}, "measured with seed 8, the policy asks for 7"),
        ({"replicates": 10}, "measured with 10 bootstrap replicates, the policy asks for 1000"),
        ({"group": "patient"}, "grouped by 'patient', the policy groups them by 'group'"),
    ],
)
def test_slices_that_were_not_measured_as_the_policy_asks_are_an_error(judge, report, row, header, problem):
    verdict = judge(f"id: a, {PASSES}", slices=report(row(), **header))
    assert verdict.outcome is Outcome.ERROR
    assert problem in verdict.problems[0]


def test_where_no_metric_was_decided_the_verdict_is_inconclusive_although_the_rules_only_warn(judge, row):
    told = "no rule of severity block on a metric was decided"
    counted = "id: c, type: coverage, min_n: 1"
    for others in ([], [counted], [f"id: b, {PASSES}, severity: warn"]):
        verdict = judge(f"id: a, {STRADDLES}, on_inconclusive: warn", *others, rows=[row()])
        assert verdict.outcome is Outcome.INCONCLUSIVE
        assert told in verdict.notes[0]
        assert [one.rule for one in verdict.blocking()] == ["a"]
        assert verdict.contradiction() is None


def test_one_metric_that_was_decided_lets_the_others_only_warn(judge, row):
    verdict = judge(f"id: a, {STRADDLES}, on_inconclusive: warn", f"id: b, {PASSES}", rows=[row()])
    assert verdict.outcome is Outcome.PASS
    assert verdict.notes == ()


def test_a_waiver_of_what_is_inconclusive_answers_for_it(judge, row):
    waiver = "[{rule: a, owner: Ann, reason: known, expires: 2027-01-01}]"
    verdict = judge(f"id: a, {STRADDLES}, on_inconclusive: warn", rows=[row()], waivers=waiver)
    assert verdict.outcome is Outcome.PASS


def test_slices_of_another_task_are_an_error(judge, report, row):
    measured = report(row(), task="segmentation")
    verdict = judge(f"id: a, {PASSES}", slices=measured, task="classification")
    assert verdict.problems == ("the slices are of a segmentation, the policy is for a classification",)


def test_a_detector_that_was_measured_at_another_operating_point_is_an_error(judge, report, row):
    rule = "id: a, type: min, metric: recall, value: 0.5"
    point = {"task": "detection", "detection": {"score": 0.5, "iou": 0.5, "geometry": "box"}}
    measured = report(row(metric="recall"), **point)
    assert judge(rule, slices=measured).outcome is Outcome.PASS
    verdict = judge(rule, slices=measured, detection="{score: 0.3}")
    assert verdict.outcome is Outcome.ERROR
    assert "measured at operating point {'score': 0.5, 'iou': 0.5, 'geometry': 'box'}" in verdict.problems[0]


def test_a_row_that_is_there_twice_is_an_error(judge, row):
    verdict = judge(f"id: a, {PASSES}", rows=[row(value=0.4), row(value=0.9)])
    assert verdict.outcome is Outcome.ERROR
    assert verdict.problems == ("the slice report holds a metric more than once, on 'all'",)


def test_the_verdict_names_what_was_judged(policy, report, row):
    inputs = {"policy": {"digest": "sha256:p"}}
    judged = decide(policy(f"id: a, {PASSES}"), report(row()), today=date(2026, 1, 1), inputs=inputs)
    assert judged.inputs == inputs

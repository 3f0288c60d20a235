"""A policy's data rules judge what data checks found, before there is a model."""

from datetime import date

import pytest

from seatrial.errors import PolicyError
from seatrial.gates import Outcome, Policy, judge_data
from seatrial.quality import CheckResult, QualityReport

TODAY = date(2026, 11, 22)

RULES = """
apiVersion: seatrial/v1
task: classification
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.9, severity: block}
  - {id: readable, type: data, check: broken, max_count: 0, severity: block}
  - {id: copies, type: data, check: exact_duplicates, max_share: 0.1, severity: warn}
"""


def report(*checks):
    header = {"dataset": {"name": "d", "digest": "sha256:0", "n": 20}, "reference": None}
    return QualityReport(header, tuple(CheckResult(*one) for one in checks), (), {})


def judged(quality, rules=RULES):
    return {one.rule: one for one in judge_data(Policy.parse(rules, "policy"), quality, today=TODAY)}


def test_only_data_rules_are_judged_and_only_those_that_block_refuse():
    found = judged(report(("broken", "done", "", 2, 2), ("exact_duplicates", "done", "", 3, 9)))
    assert set(found) == {"readable", "copies"}
    assert (found["readable"].outcome, found["readable"].blocking) == (Outcome.FAIL, True)
    assert (found["copies"].outcome, found["copies"].blocking) == (Outcome.FAIL, False)


def test_clean_data_pass():
    found = judged(report(("broken", "done", "", 0, 0), ("exact_duplicates", "done", "", 0, 0)))
    assert {one.outcome for one in found.values()} == {Outcome.PASS}


@pytest.mark.parametrize("status", ["crashed", "skipped"])
def test_a_check_that_did_not_look_refuses(status):
    found = judged(report(("broken", status, "why", 0, 0), ("exact_duplicates", "done", "", 0, 0)))
    assert (found["readable"].outcome, found["readable"].blocking) == (Outcome.ERROR, True)


def test_a_waiver_answers_for_data_as_it_does_for_a_model():
    waiver = """
waivers:
  - {rule: readable, owner: Ann, reason: known, expires: 2026-12-31}
"""
    (readable, *_) = judged(report(("broken", "done", "", 1, 1)), RULES + waiver).values()
    assert not readable.blocking


def test_a_policy_that_could_refuse_no_data_is_an_error():
    without = RULES.replace("severity: block", "severity: warn")
    with pytest.raises(PolicyError, match="no rule of type data with severity block"):
        judged(report(("broken", "done", "", 0, 0)), without)

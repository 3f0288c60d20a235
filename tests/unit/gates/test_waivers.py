from datetime import date

import pytest

from seatrial.gates import Outcome

RULE = "id: sites, type: min, metric: accuracy, slice: site, value: 0.8"
WAIVER = '{rule: sites, slice: "site=B7", owner: "A. Owner", reason: "new camera", expires: 2026-07-01}'
DURING, LAST_DAY, EXPIRED = date(2026, 6, 1), date(2026, 6, 30), date(2026, 7, 1)


def rows(row, value=0.6):
    return [row("site=B7", value=value), row("site=B8", value=0.9)]


@pytest.mark.parametrize("today", [DURING, LAST_DAY])
def test_a_waived_failure_passes_and_keeps_its_numbers(judge, row, today):
    verdict = judge(RULE, rows=rows(row), waivers=f"[{WAIVER}]", today=today)
    assert verdict.outcome is Outcome.PASS
    decision = verdict.decisions[0]
    assert decision.waiver == {"owner": "A. Owner", "reason": "new camera", "expires": "2026-07-01"}
    assert (decision.value, decision.outcome) == (0.6, Outcome.PASS)
    assert decision.reason.startswith(
        "waived by A. Owner until 2026-07-01 (new camera); fail without the waiver: accuracy 60.0 %"
    )


def test_a_waiver_expires_on_its_day_and_is_reported(judge, row):
    verdict = judge(RULE, rows=rows(row), waivers=f"[{WAIVER}]", today=EXPIRED)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.decisions[0].waiver is None
    assert verdict.decisions[0].reason.endswith("the waiver of A. Owner expired on 2026-07-01")
    assert verdict.notes == (
        "the waiver of sites on site=B7 by A. Owner expired on 2026-07-01 and does not apply",
    )


def test_an_inconclusive_decision_can_be_waived(judge, row):
    verdict = judge(RULE, rows=rows(row, value=0.8), waivers=f"[{WAIVER}]", today=DURING)
    assert verdict.outcome is Outcome.PASS
    assert "inconclusive without the waiver" in verdict.decisions[0].reason


def test_an_error_cannot_be_waived(judge, row):
    broken = [row("site=B7", metric="f1"), row("site=B8")]
    verdict = judge(RULE, rows=broken, waivers=f"[{WAIVER}]", today=DURING)
    assert verdict.outcome is Outcome.ERROR
    assert "an error cannot be waived" in verdict.notes[0]


def test_a_waiver_covers_its_slice_alone(judge, row):
    both = [row("site=B7", value=0.6), row("site=B8", value=0.6)]
    verdict = judge(RULE, rows=both, waivers=f"[{WAIVER}]", today=DURING)
    assert [one.slice for one in verdict.blocking()] == ["site=B8"]


def test_a_waiver_of_what_was_not_judged_is_reported(judge, row):
    verdict = judge(RULE, rows=[row("site=B8", value=0.9)], waivers=f"[{WAIVER}]", today=DURING)
    assert verdict.notes == ("the waiver of sites on site=B7 by A. Owner covers nothing that was judged",)


def test_a_waiver_of_a_rule_that_judges_one_thing_needs_no_slice(judge, row, quality):
    waiver = "[{rule: broken, owner: A. Owner, reason: known, expires: 2026-07-01}]"
    rule = "id: broken, type: data, check: broken, max_count: 0"
    found = quality(broken=(3, 3))
    assert judge(rule, rows=[row()], quality=found, waivers=waiver, today=DURING).outcome is Outcome.PASS
    assert judge(rule, rows=[row()], quality=found, waivers=waiver, today=EXPIRED).outcome is Outcome.FAIL


def test_a_waived_regression_still_counts_in_the_correction(judge, row):
    rule = "id: sites, type: no_regression, metric: accuracy, slice: site"
    slices = [
        row("site=B7", difference=(-0.1, -0.2, -0.05, 0.001)),
        row("site=B8", difference=(-0.04, -0.08, -0.01, 0.04)),
        row("site=B9", difference=(-0.04, -0.08, -0.01, 0.04)),
    ]
    verdict = judge(rule, rows=slices, waivers=f"[{WAIVER}]", today=DURING)
    assert verdict.outcome is Outcome.PASS
    assert "3 slices tested" in verdict.decisions[1].reason

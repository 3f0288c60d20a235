import pytest

from seatrial.gates import Outcome
from seatrial.statistics import Estimate, NotComputable

GAP = "id: fair, type: gap, metric: accuracy, slice: site, max: 0.10"
COVER = "id: cover, type: coverage, slice: site, min_n: 100"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.85, 0.86, 0.88), "pass"),
        ((0.80, 0.85, 0.88), "inconclusive"),
        ((0.60, 0.85, 0.90), "fail"),
    ],
)
def test_a_gap_is_judged_by_the_bounds_of_its_two_ends(judge, row, values, expected):
    rows = [row(f"site={index}", value=value) for index, value in enumerate(values)]
    (decision,) = judge(GAP, rows=rows).decisions
    assert str(decision.outcome) == expected
    assert decision.slice == "site"
    gap = max(values) - min(values)
    assert decision.value == pytest.approx(gap)
    assert decision.low == pytest.approx(max(0, gap - 0.06))
    assert decision.high == pytest.approx(gap + 0.06)


def test_a_gap_names_both_ends(judge, row):
    (decision,) = judge(GAP, rows=[row("site=a", value=0.6), row("site=b", value=0.9)]).decisions
    assert decision.reason.startswith(
        "accuracy 90.0 % on site=b (n = 400), 60.0 % on site=a (n = 400): a gap"
    )


def test_a_gap_can_be_judged_by_its_value_alone(judge, row):
    rows = [row("site=a", value=0.80), row("site=b", value=0.88)]
    assert judge(f"{GAP}, use: point", rows=rows).outcome is Outcome.PASS


def test_an_inconclusive_gap_says_how_many_more_samples_of_both_would_decide(judge, row):
    rows = [row("site=a", value=0.80, n=100), row("site=b", value=0.87, n=300)]
    (decision,) = judge(GAP, rows=rows).decisions
    assert decision.n_needed == 1200


def test_a_gap_without_its_small_slices_does_not_pass(judge, row):
    rows = [row("site=a", value=0.85), row("site=b", value=0.86), row("site=c", value=0.2, n=5)]
    (decision,) = judge(GAP, rows=rows).decisions
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert "1 slice holds too few samples" in decision.reason


def test_a_gap_of_one_slice_is_inconclusive(judge, row):
    (decision,) = judge(GAP, rows=[row("site=a"), row("site=b", n=20)]).decisions
    assert decision.outcome is Outcome.INCONCLUSIVE
    assert decision.n_needed == 10


@pytest.mark.parametrize("broken", [NotComputable("none", 400), Estimate(0.8, None, None, 400)])
def test_a_gap_with_a_slice_that_has_no_value_or_interval_is_an_error(judge, row, broken):
    assert judge(GAP, rows=[row("site=a"), row("site=b", candidate=broken)]).outcome is Outcome.ERROR


def test_a_gap_skips_missing_slices_where_the_rule_says_so(judge, row):
    rows = [row("site=a"), row("site=b"), row("site=c", size=0, candidate=NotComputable("none", 0))]
    assert judge(GAP, rows=rows).outcome is Outcome.ERROR
    assert judge(f"{GAP}, on_missing_slice: skip", rows=rows).outcome is Outcome.PASS


def test_coverage_counts_the_labelled_samples_of_each_slice(judge, row, outcomes):
    verdict = judge(COVER, rows=[row("site=a", size=100), row("site=b", size=99)])
    assert outcomes(verdict) == {"site=a": "pass", "site=b": "fail"}
    assert verdict.decisions[1].reason == "99 labelled samples, but at least 100 asked for"
    assert verdict.decisions[1].n_needed == 1


def test_an_absent_slice_covers_nothing_even_where_missing_slices_are_skipped(judge, row):
    verdict = judge(COVER, rows=[row()], defaults="{on_missing_slice: skip}")
    assert verdict.outcome is Outcome.FAIL
    assert verdict.decisions[0].value == 0


def test_coverage_of_a_slice_that_was_not_measured_is_an_error(judge, report, row):
    measured = report(row(), slices={"night": {"where": "light == 'night'"}})
    assert judge(COVER, slices=measured).outcome is Outcome.ERROR

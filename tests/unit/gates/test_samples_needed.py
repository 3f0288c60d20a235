import pytest

from seatrial.gates.samples_needed import growth_needed, more_samples
from seatrial.statistics import wilson


def test_a_side_that_is_twice_too_wide_needs_four_times_the_samples():
    assert growth_needed(0.82, 0.78, 0.86, 0.80) == pytest.approx(4)
    assert more_samples(0.82, 0.78, 0.86, 0.80, 100) == 300


def test_the_side_towards_the_limit_counts():
    assert growth_needed(0.82, 0.78, 0.99, 0.80) == pytest.approx(4)
    assert growth_needed(0.78, 0.10, 0.82, 0.80) == pytest.approx(4)


@pytest.mark.parametrize("numbers", [(0.8, 0.7, 0.9, 0.8), (0.8, 0.8, 0.9, 0.7)])
def test_where_no_number_of_samples_decides_none_is_said(numbers):
    assert more_samples(*numbers, 100) is None


def test_a_number_that_is_no_plan_is_not_said():
    assert more_samples(0.80000001, 0.5, 0.9, 0.8, 1000) is None


@pytest.mark.parametrize(("right", "n", "limit"), [(85, 100, 0.82), (45, 50, 0.85), (380, 400, 0.94)])
def test_wilsons_interval_of_that_many_samples_at_the_same_rate_comes_close_to_deciding(right, n, limit):
    low, high = wilson(right, n, 0.95)
    more = more_samples(right / n, low, high, limit, n)
    total = n + more
    reached, _ = wilson(round(total * right / n), total, 0.95)
    assert reached == pytest.approx(limit, abs=(right / n - limit) / 3)


FEW = "id: a, metric: accuracy, slice: site, min_n: 100"


@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        # the interval would still hold 0.84 with 100 samples: (0.03 / 0.01)² of the 40 at hand
        (f"{FEW}, type: min, value: 0.84", 320),
        (f"{FEW}, type: min, value: 0.84, use: point", 60),
        (f"{FEW}, type: min, value: 0.5", 60),
        # a test always decides
        (f"{FEW}, type: no_regression", 60),
        # (0.02 / 0.005)² of the 40 at hand
        (f"{FEW}, type: non_inferior, margin: 0.005", 600),
        (f"{FEW}, type: improve, gain: 0.5", 60),
        ("id: a, type: coverage, slice: site, min_n: 100", 60),
    ],
)
def test_under_the_fewest_samples_a_rule_asks_for_those_and_what_its_interval_needs(judge, row, rule, needed):
    (decision,) = judge(rule, rows=[row("site=1", n=40)]).decisions
    assert decision.n_needed == needed


def test_a_gap_that_only_small_slices_leave_open_asks_for_what_they_lack(judge, row):
    rows = [row("site=1"), row("site=2"), row("site=3", n=12), row("site=4", n=20)]
    rule = "id: a, type: gap, metric: accuracy, slice: site, max: 0.2, min_n: 30"
    (decision,) = judge(rule, rows=rows).decisions
    assert decision.n_needed == 18 + 10
    assert (
        "2 slices hold too few samples to be counted; about 28 more samples would decide" in decision.reason
    )


def test_a_gap_that_is_open_by_itself_asks_for_both(judge, row):
    rows = [row("site=1", value=0.8), row("site=2", value=0.9), row("site=3", n=12)]
    rule = "id: a, type: gap, metric: accuracy, slice: site, max: 0.12, min_n: 30"
    (decision,) = judge(rule, rows=rows).decisions
    alone = (judge(rule, rows=rows[:2]).decisions)[0].n_needed
    assert decision.n_needed == alone + 18

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

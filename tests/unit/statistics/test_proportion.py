"""The interval of one proportion."""

import pytest

from seatrial.statistics import wilson
from seatrial.statistics.proportion import z_score


def test_the_quantile_of_95_percent_is_the_familiar_one():
    assert z_score(0.95) == pytest.approx(1.959963984540054, abs=1e-12)


def test_no_success_is_bounded_below_by_exactly_zero():
    low, high = wilson(0, 20, 0.95)
    assert low == 0.0
    assert 0.1 < high < 0.2


def test_all_successes_are_bounded_above_by_exactly_one():
    low, high = wilson(20, 20, 0.95)
    assert high == 1.0
    assert low == pytest.approx(1 - wilson(0, 20, 0.95)[1])


def test_without_samples_nothing_is_known():
    assert wilson(0, 0, 0.95) == (0.0, 1.0)


def test_more_samples_make_it_narrower():
    widths = [high - low for low, high in (wilson(n // 2, n, 0.95) for n in (10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("successes", "n"), [(-1, 10), (11, 10)])
def test_counts_out_of_range_are_refused(successes, n):
    with pytest.raises(ValueError, match="successes must be in"):
        wilson(successes, n, 0.95)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_confidence_that_is_none_is_refused(confidence):
    with pytest.raises(ValueError, match="confidence must be inside"):
        wilson(1, 2, confidence)

"""How much of the level each use of one test set may spend."""

import math

import pytest

from seatrial.statistics import alpha_spent, alpha_spent_until


def test_the_first_use_has_six_tenths_and_the_second_a_quarter_of_that():
    assert alpha_spent(0.05, 1) == pytest.approx(0.05 * 6 / math.pi**2)
    assert alpha_spent(0.05, 2) == pytest.approx(alpha_spent(0.05, 1) / 4)


def test_all_uses_together_never_spend_more_than_alpha():
    assert alpha_spent_until(0.05, 1) == alpha_spent(0.05, 1)
    spent = alpha_spent_until(0.05, 100_000)
    assert spent < 0.05
    assert spent == pytest.approx(0.05, rel=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0, float("nan")])
def test_a_level_that_is_none_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha must be inside"):
        alpha_spent(alpha, 1)


@pytest.mark.parametrize("give", [alpha_spent, alpha_spent_until])
def test_a_use_before_the_first_is_refused(give):
    with pytest.raises(ValueError, match="counted from 1, got 0"):
        give(0.05, 0)

"""The mean of shares, with an interval that knows what belongs together."""

import numpy as np
import pytest

from seatrial.mining.explaining.cells import mean_share
from seatrial.statistics import Estimate, NotComputable


def test_what_is_not_known_does_not_count():
    found = mean_share(np.array([0.2, np.nan, 0.4]), ["a", "b", "c"], 0.95)
    assert (found.value, found.n) == (pytest.approx(0.3), 2)
    assert mean_share(np.full(3, np.nan), ["a", "b", "c"], 0.95) == NotComputable(
        "no explained sample has a core", 0
    )


def test_one_group_alone_says_nothing_of_the_spread():
    assert mean_share(np.array([0.2, 0.4]), ["a", "a"], 0.95) == Estimate(pytest.approx(0.3), 0.0, 1.0, 2)


def test_samples_of_one_group_count_less_than_independent_ones():
    values = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9, 0.2], 10)
    alone = mean_share(values, [str(row) for row in range(60)], 0.95)
    together = mean_share(values, [str(row // 10) for row in range(60)], 0.95)
    assert alone.value == together.value
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_the_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(500):
        found = mean_share(rng.beta(2, 3, 40), [str(row) for row in range(40)], 0.95)
        held += found.low <= 0.4 <= found.high
    assert 0.92 <= held / 500 <= 0.98


def test_equal_shares_have_an_interval_of_some_width():
    found = mean_share(np.ones(20), [str(row) for row in range(20)], 0.95)
    assert found.high == 1
    assert 0.75 < found.low < 0.95

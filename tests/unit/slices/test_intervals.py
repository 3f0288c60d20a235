import numpy as np
import pytest

from seatrial.metrics import METRICS, Computed
from seatrial.slices.intervals import Scale, bootstrap_difference, bootstrap_estimate
from seatrial.statistics import Estimate, NotComputable, tango, wilson


def point(value, n=50):
    return Computed(np.array([value]), n, "")


def draws(*, undefined=0, values=None, size=1000):
    drawn = np.linspace(0.4, 0.6, size) if values is None else np.full(size, values)
    drawn[:undefined] = np.nan
    return drawn


SHARE = Scale(1.0, 50, 0.95)


def test_an_interval_is_the_central_share_of_the_replicates():
    measured = bootstrap_estimate(point(0.5), draws(), SHARE)
    assert measured == Estimate(0.5, pytest.approx(0.405), pytest.approx(0.595), 50)


def test_replicates_that_noise_pushed_one_way_are_pushed_back_twice():
    pushed_down = bootstrap_estimate(point(0.55), draws(), SHARE)
    assert (pushed_down.low, pushed_down.high) == pytest.approx((0.505, 0.695))
    mean = Scale.of(METRICS["brier"], 2, units=50, confidence=0.95)
    assert bootstrap_estimate(point(0.55), draws(), mean).high == pytest.approx(0.595)


def test_a_corrected_interval_stays_in_the_metrics_range():
    assert bootstrap_estimate(point(0.1), draws(), SHARE).low == 0.0
    assert bootstrap_estimate(point(0.99), draws() + 0.39, SHARE).high == 1.0


def test_an_interval_holds_its_value_although_the_replicates_do_not():
    mean = Scale(1.0, 50, 0.95, is_mean=True)
    assert bootstrap_estimate(point(0.3), draws(), mean).low == 0.3
    assert bootstrap_estimate(point(0.7), draws(), mean).high == 0.7


def test_correcting_the_bias_does_not_turn_equal_replicates_into_a_difference():
    drawn = np.array([0.0] * 400 + [-0.02] * 600)
    both = (point(0.49), point(0.5))
    difference = bootstrap_difference(both, drawn, SHARE, higher_is_better=True)
    assert difference.high == 0.0


def test_a_few_undefined_replicates_are_left_out():
    mean = Scale(1.0, 50, 0.95, is_mean=True)
    assert bootstrap_estimate(point(0.5), draws(undefined=100), mean).high == pytest.approx(0.5955, abs=1e-3)


def test_many_undefined_replicates_leave_the_whole_range():
    measured = bootstrap_estimate(point(0.5), draws(undefined=101), SHARE)
    assert (measured.low, measured.high) == (0.0, 1.0)
    brier = Scale.of(METRICS["brier"], 3, units=50, confidence=0.95)
    assert bootstrap_estimate(point(0.5), draws(undefined=101), brier).high == 2.0


def test_many_undefined_replicates_leave_nothing_of_a_metric_without_a_range():
    scale = Scale.of(METRICS["log_loss"], 3, units=2, confidence=0.95)
    measured = bootstrap_estimate(point(0.5), draws(undefined=300), scale)
    assert isinstance(measured, NotComputable)
    assert "undefined in 30% of the bootstrap replicates" in measured.reason
    both = (point(0.5), point(0.4))
    assert bootstrap_difference(both, draws(undefined=300), scale, higher_is_better=False) is None


def test_replicates_that_all_agree_do_not_make_an_interval_without_width():
    perfect = bootstrap_estimate(point(1.0), draws(values=1.0), SHARE)
    assert (perfect.low, perfect.high) == (pytest.approx(wilson(50, 50, 0.95)[0]), 1.0)
    same = bootstrap_difference((point(1.0), point(1.0)), draws(values=0.0), SHARE, higher_is_better=True)
    assert (same.low, same.high) == pytest.approx(tango(0, 0, 50, 0.95))


def test_few_samples_of_a_class_count_as_few():
    perfect = bootstrap_estimate(point(1.0, n=3), draws(values=1.0), SHARE)
    assert perfect.low == pytest.approx(wilson(3, 3, 0.95)[0])


def test_few_groups_cannot_prove_a_regression():
    both = (point(0.0), point(1.0))
    few = Scale(1.0, 3, 0.95)
    assert bootstrap_difference(both, draws(values=-1.0), few, higher_is_better=True).p_worse == 0.125
    assert bootstrap_difference(both, draws(values=-1.0), SHARE, higher_is_better=True).p_worse == 0.5**50


def test_a_rounding_error_is_no_regression():
    both = (point(0.5 - 1e-16), point(0.5))
    assert bootstrap_difference(both, draws(values=-1e-16), SHARE, higher_is_better=True).p_worse == 1.0


def test_where_nothing_is_known_nothing_is_worse():
    both = (point(0.2), point(0.4))
    difference = bootstrap_difference(both, draws(undefined=500) - 1, SHARE, higher_is_better=True)
    assert (difference.low, difference.high, difference.p_worse) == (-1.0, 1.0, 1.0)


@pytest.mark.parametrize(("higher_is_better", "p"), [(True, 0.0), (False, 1.0)])
def test_worse_depends_on_which_way_is_better(higher_is_better, p):
    both = (point(0.2), point(0.7))
    difference = bootstrap_difference(both, draws() - 1.0, SHARE, higher_is_better=higher_is_better)
    assert difference.p_worse == pytest.approx(p, abs=1e-9)

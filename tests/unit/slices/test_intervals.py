import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from seatrial.metrics import METRICS, Computed
from seatrial.slices.intervals import Scale, bootstrap_difference, bootstrap_estimate
from seatrial.statistics import Estimate, NotComputable, tango


def point(value, n=50):
    return Computed(np.array([value]), n, "")


def draws(*, undefined=0, values=None, size=1000):
    drawn = np.linspace(0.4, 0.6, size) if values is None else np.full(size, values)
    drawn[:undefined] = np.nan
    return drawn


SHARE = Scale(1.0, 50, 0.95)

#: How far 50 samples that agree leave the truth: z² / (n + z²), with the quantile of t for z.
AGREED = stats.t.ppf(0.975, 49) ** 2 / (50 + stats.t.ppf(0.975, 49) ** 2)


def compared(points, apart, scale, *, higher_is_better):
    """Compare with a champion whose replicates are all zero."""
    return bootstrap_difference(points, (apart, apart * 0.0), scale, higher_is_better=higher_is_better)


def spread(center, error, size=2000):
    """Replicates of exactly this mean and standard deviation that lean to neither side."""
    half = np.random.default_rng(0).normal(size=size // 2)
    drawn = np.concatenate([half, -half])
    return center + error * (drawn - drawn.mean()) / drawn.std()


def test_the_interval_of_a_share_is_wilsons_of_as_many_samples_as_its_error_is_worth():
    whole = np.sqrt(50 / 49)  # the replicates vary as a variance divided by n does
    measured = bootstrap_estimate(point(0.9), spread(0.9, np.sqrt(0.9 * 0.1 / 20) / whole), SHARE)
    t = stats.t.ppf(0.975, 49)
    expected = proportion_confint(18, 20, alpha=2 * stats.norm.sf(t), method="wilson")
    assert (measured.low, measured.high) == pytest.approx(expected, abs=1e-10)


def test_few_groups_widen_an_interval():
    few, many = (bootstrap_estimate(point(0.7), spread(0.7, 0.05), Scale(1.0, n, 0.95)) for n in (5, 50))
    assert few.high - few.low > 1.2 * (many.high - many.low)


def test_few_samples_of_a_class_widen_an_interval():
    few, many = (bootstrap_estimate(point(0.7, n), spread(0.7, 0.05), SHARE) for n in (5, 50))
    assert few.high - few.low > 1.2 * (many.high - many.low)


def test_an_average_that_noise_pushed_down_is_pushed_back():
    pushed, unbiased = (bootstrap_estimate(point(0.5), spread(mean, 0.05), SHARE) for mean in (0.47, 0.5))
    assert (pushed.low, pushed.high) == pytest.approx((unbiased.low + 0.03, unbiased.high + 0.03))


def test_the_lower_bound_of_a_calibration_error_allows_for_all_that_noise_can_have_added():
    ece = Scale.of(METRICS["ece"], 3, units=500, confidence=0.95)
    measured = bootstrap_estimate(point(0.2, 500), spread(0.25, 0.01), ece)
    reach = stats.t.ppf(0.975, 499) * 0.01 * np.sqrt(500 / 499)
    assert measured.low == pytest.approx(0.2 - (1 + np.sqrt(2)) * 0.05 - reach)
    assert measured.high == 0.2
    unbiased = bootstrap_estimate(point(0.2, 500), spread(0.2, 0.01), ece)
    assert (unbiased.low, unbiased.high) == pytest.approx((0.2 - reach, 0.2 + reach))


def test_an_interval_stays_in_the_metrics_range():
    assert 0.0 < bootstrap_estimate(point(0.05), spread(0.05, 0.05), SHARE).low < 0.05
    assert 0.95 < bootstrap_estimate(point(0.95), spread(0.95, 0.05), SHARE).high < 1.0
    brier = Scale.of(METRICS["brier"], 3, units=50, confidence=0.95)
    assert 1.9 < bootstrap_estimate(point(1.9), spread(1.9, 0.1), brier).high < 2.0


def test_a_metric_without_an_upper_end_gets_an_interval_of_factors():
    scale = Scale.of(METRICS["log_loss"], 3, units=50, confidence=0.95)
    measured = bootstrap_estimate(point(0.3), spread(0.3, 0.1), scale)
    factor = np.exp(stats.t.ppf(0.975, 49) * np.sqrt(50 / 49) / 3)
    assert (measured.low, measured.high) == pytest.approx((0.3 / factor, 0.3 * factor))


def test_no_false_positive_in_fifty_images_is_bounded_as_a_count_of_none_is():
    scale = Scale.of(METRICS["fp_per_image"], 3, units=50, confidence=0.95)
    measured = bootstrap_estimate(point(0.0), draws(values=0.0), scale)
    assert (measured.low, measured.high) == (0.0, pytest.approx(stats.chi2.ppf(0.975, 2) / 2 / 50))
    both = (point(0.0), point(0.0))
    same = compared(both, draws(values=0.0), scale, higher_is_better=False)
    assert (same.low, same.high) == pytest.approx((-measured.high, measured.high))


def test_an_interval_holds_its_value_although_the_replicates_do_not():
    assert bootstrap_estimate(point(0.3), spread(0.1, 0.01), SHARE).low == 0.3
    assert bootstrap_estimate(point(0.7), spread(0.9, 0.01), SHARE).high == 0.7


def test_the_difference_of_what_counts_right_and_wrong_is_tangos():
    apart, size = (12 - 7) / 100, 100
    error = np.sqrt(((12 + 7) / size - apart**2) / size)
    f1 = Scale.of(METRICS["f1"], 3, units=size, confidence=0.95)
    both = (point(0.8, size), point(0.75, size))
    found = compared(both, spread(apart, error / np.sqrt(100 / 99)), f1, higher_is_better=True)
    z_of_t = stats.norm.cdf(stats.t.ppf(0.975, 99)) * 2 - 1
    assert (found.low, found.high) == pytest.approx(tango(12, 7, 100, z_of_t), abs=1e-10)


def test_any_other_difference_is_students():
    brier = Scale.of(METRICS["brier"], 3, units=50, confidence=0.95)
    both = (point(0.3), point(0.25))
    found = compared(both, spread(0.05, 0.02), brier, higher_is_better=False)
    reach = stats.t.ppf(0.975, 49) * 0.02 * np.sqrt(50 / 49)
    assert (found.low, found.high) == pytest.approx((0.05 - reach, 0.05 + reach))


def test_an_interval_of_a_difference_reaches_farther_where_its_replicates_lean():
    brier = Scale.of(METRICS["brier"], 3, units=50, confidence=0.95)
    tail = np.random.default_rng(0).gamma(4, size=5000)
    drawn = -0.01 * (tail - tail.mean()) / tail.std()
    found = compared((point(0.3), point(0.3)), drawn, brier, higher_is_better=False)
    t, error = stats.t.ppf(0.975, 49), 0.01 * np.sqrt(50 / 49)
    assert found.high == pytest.approx(t * error)
    assert found.low == pytest.approx(-(t - stats.skew(drawn) * (1 + 2 * t**2) / 6) * error)
    assert found.low < -found.high


def test_the_difference_of_calibration_errors_allows_for_what_noise_added_to_each():
    ece = Scale.of(METRICS["ece"], 3, units=500, confidence=0.95)
    both = (point(0.1, 500), point(0.1, 500))
    ours, theirs = spread(0.12, 0.03), spread(0.11, 0.02)
    found = bootstrap_difference(both, (ours, theirs), ece, higher_is_better=False)
    reach = stats.t.ppf(0.975, 499) * np.std(ours - theirs) * np.sqrt(500 / 499)
    most = 1 + np.sqrt(2)
    assert found.low == pytest.approx(-(most * 0.02 - 0.01) - reach)
    assert found.high == pytest.approx(-(0.02 - most * 0.01) + reach)
    alike = bootstrap_difference(both, (ours, ours), ece, higher_is_better=False)
    assert alike.low == -alike.high < 0


def test_too_few_samples_for_bins_say_nothing_of_calibration():
    ece = Scale.of(METRICS["ece"], 3, units=99, confidence=0.95)
    assert bootstrap_estimate(point(0.1, 99), spread(0.12, 0.01), ece) == Estimate(0.1, 0.0, 1.0, 99)
    both = (point(0.1, 99), point(0.3, 99))
    found = compared(both, spread(-0.2, 0.01), ece, higher_is_better=False)
    assert (found.low, found.high, found.p_worse) == (-1.0, 1.0, 1.0)


def test_a_few_undefined_replicates_are_left_out():
    drawn = np.append(spread(0.5, 0.05, size=900), np.full(100, np.nan))
    measured = bootstrap_estimate(point(0.5), drawn, SHARE)
    assert measured == bootstrap_estimate(point(0.5), drawn[:900], SHARE)


def test_one_group_says_nothing():
    one = Scale(1.0, 1, 0.95)
    assert bootstrap_estimate(point(0.5), draws(), one) == Estimate(0.5, 0.0, 1.0, 50)
    both = (point(0.4), point(0.9))
    difference = compared(both, draws() - 1, one, higher_is_better=True)
    assert (difference.low, difference.high, difference.p_worse) == (-1.0, 1.0, 1.0)


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
    assert compared(both, draws(undefined=300), scale, higher_is_better=False) is None


def test_replicates_that_all_agree_do_not_make_an_interval_without_width():
    perfect = bootstrap_estimate(point(1.0), draws(values=1.0), SHARE)
    assert (perfect.low, perfect.high) == (pytest.approx(1 - AGREED), 1.0)
    same = compared((point(1.0), point(1.0)), draws(values=0.0), SHARE, higher_is_better=True)
    assert (same.low, same.high) == pytest.approx((-AGREED, AGREED))


def test_few_samples_of_a_class_count_as_few():
    perfect = bootstrap_estimate(point(1.0, n=3), draws(values=1.0), SHARE)
    assert perfect.low == pytest.approx(3 / (3 + stats.t.ppf(0.975, 2) ** 2))


def test_few_groups_cannot_prove_a_regression():
    both = (point(0.0), point(1.0))
    few = Scale(1.0, 3, 0.95)
    assert compared(both, draws(values=-1.0), few, higher_is_better=True).p_worse == 0.125
    assert compared(both, draws(values=-1.0), SHARE, higher_is_better=True).p_worse == 0.5**50


def test_a_rounding_error_is_no_regression():
    both = (point(0.5 - 1e-16), point(0.5))
    assert compared(both, draws(values=-1e-16), SHARE, higher_is_better=True).p_worse == 1.0


def test_where_nothing_is_known_nothing_is_worse():
    both = (point(0.2), point(0.4))
    difference = compared(both, draws(undefined=500) - 1, SHARE, higher_is_better=True)
    assert (difference.low, difference.high, difference.p_worse) == (-1.0, 1.0, 1.0)


@pytest.mark.parametrize(("higher_is_better", "p"), [(True, 0.0), (False, 1.0)])
def test_worse_depends_on_which_way_is_better(higher_is_better, p):
    both = (point(0.2), point(0.7))
    difference = compared(both, draws() - 1.0, SHARE, higher_is_better=higher_is_better)
    assert difference.p_worse == pytest.approx(p, abs=1e-9)

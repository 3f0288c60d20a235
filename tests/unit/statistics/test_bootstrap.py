"""Hashed Poisson weights, and what is made of the replicates."""

import math

import numpy as np
import pytest
from scipy import stats

from seatrial.statistics import (
    PoissonWeights,
    bias,
    bootstrap_p_worse,
    skewness,
    standard_error,
    undefined,
)

IDS = [f"image-{number}" for number in range(2000)]


@pytest.fixture(scope="module")
def weights():
    return PoissonWeights(7, IDS).block(0, 500)


def test_the_weights_are_one_row_per_replicate_and_one_column_per_sample(weights):
    assert weights.shape == (500, 2000)
    assert weights.dtype == np.uint8
    assert len(PoissonWeights(7, IDS)) == 2000


def test_the_weights_never_change():
    """Published numbers rest on them: the same on every machine and in every version."""
    drawn = PoissonWeights(7, ["a", "b", "c", "Größe", ""]).block(0, 4)
    assert drawn.tolist() == [[0, 1, 2, 0, 1], [0, 1, 2, 2, 0], [0, 2, 3, 2, 5], [1, 2, 1, 0, 0]]


def test_the_weights_are_poisson_distributed_with_mean_one(weights):
    counts = np.bincount(weights.ravel(), minlength=8)[:8]
    expected = np.array([math.exp(-1) / math.factorial(k) for k in range(8)]) * weights.size
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert chi_squared < 24.3  # 99.9 % of a chi-squared variable of 7 degrees of freedom
    assert weights.mean() == pytest.approx(1, abs=4 / math.sqrt(weights.size))
    assert weights.var() == pytest.approx(1, abs=4 * math.sqrt(3 / weights.size))


def test_each_replicate_and_each_sample_has_mean_and_variance_one(weights):
    for axis, length in ((0, 500), (1, 2000)):
        assert np.abs(weights.mean(axis=axis) - 1).max() < 5 / math.sqrt(length)
        assert np.abs(weights.var(axis=axis) - 1).max() < 6 * math.sqrt(3 / length)


def test_replicates_are_independent_of_each_other(weights):
    correlations = np.corrcoef(weights[:200])
    off = correlations[~np.eye(200, dtype=bool)]
    assert off.std() == pytest.approx(1 / math.sqrt(2000), rel=0.05)
    assert np.abs(off).max() < 6 / math.sqrt(2000)


def test_samples_are_independent_of_each_other(weights):
    correlations = np.corrcoef(weights[:, :300].T)
    off = correlations[~np.eye(300, dtype=bool)]
    assert off.std() == pytest.approx(1 / math.sqrt(500), rel=0.05)
    assert np.abs(off).max() < 6 / math.sqrt(500)


def test_another_seed_gives_other_weights():
    one, other = (PoissonWeights(seed, IDS).block(0, 50).ravel().astype(float) for seed in (7, 8))
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / math.sqrt(one.size)


def test_samples_of_one_group_are_drawn_together():
    drawn = PoissonWeights(7, ["scene-1", "scene-2", "scene-1"]).block(0, 100)
    assert np.array_equal(drawn[:, 0], drawn[:, 2])
    assert not np.array_equal(drawn[:, 0], drawn[:, 1])


def test_blocks_put_together_are_the_whole():
    weights = PoissonWeights(3, IDS[:50])
    parts = [weights.block(start, start + 10) for start in range(0, 30, 10)]
    assert np.array_equal(np.concatenate(parts), weights.block(0, 30))


def test_an_empty_block_and_no_samples_are_possible():
    assert PoissonWeights(3, IDS[:5]).block(4, 4).shape == (0, 5)
    assert PoissonWeights(3, []).block(0, 4).shape == (4, 0)


def test_the_standard_error_is_that_of_the_replicates_made_whole_for_few_units():
    values = np.array([0.1, np.nan, 0.2, 0.3])
    expected = np.std([0.1, 0.2, 0.3])
    assert standard_error(values, 10**9) == pytest.approx(expected)
    assert standard_error(values, 2) == pytest.approx(expected * math.sqrt(2))


def test_replicates_that_reach_farther_down_than_up_have_a_negative_skewness():
    values = np.array([-3.0, np.nan, 0.0, 0.5, 1.0])
    assert skewness(values) == pytest.approx(stats.skew([-3.0, 0.0, 0.5, 1.0]))
    assert skewness(values) < 0


def test_what_is_undefined_can_be_counted():
    assert undefined(np.array([np.nan, 1.0, np.nan])) == 2


def test_the_p_value_is_that_of_students_t_with_the_standard_error_of_the_replicates():
    spread = np.array([-0.2, -0.1, 0.0, np.nan])
    error = spread[:3].std() * math.sqrt(10 / 9)
    expected = stats.t.cdf(-0.1 / error, df=9)
    assert bootstrap_p_worse(-0.1, spread, units=10, higher_is_better=True) == pytest.approx(expected)
    assert bootstrap_p_worse(-0.1, spread, units=10, higher_is_better=False) == pytest.approx(1 - expected)


def test_the_p_value_is_not_bound_by_the_number_of_replicates():
    differences = np.array([-0.11, -0.1, -0.09])
    assert bootstrap_p_worse(-0.1, differences, units=200, higher_is_better=True) < 1e-6


def test_few_groups_prove_less():
    differences = np.array([-0.3, -0.2, -0.1])
    few, many = (bootstrap_p_worse(-0.2, differences, units=n, higher_is_better=True) for n in (3, 400))
    assert few > 0.05 > many


@pytest.mark.parametrize(("value", "expected"), [(-0.1, 0.0), (0.0, 1.0), (0.1, 1.0)])
def test_replicates_that_all_agree_are_taken_at_their_word(value, expected):
    same = np.full(5, value)
    assert bootstrap_p_worse(value, same, units=9, higher_is_better=True) == expected


def test_equal_models_are_no_evidence_either_way():
    differences = np.array([-0.1, 0.1])
    assert bootstrap_p_worse(0.0, differences, units=50, higher_is_better=True) == 0.5


def test_without_replicates_nothing_is_proven():
    assert bootstrap_p_worse(-0.1, np.full(5, np.nan), units=9, higher_is_better=True) == 1.0


def test_one_group_proves_nothing():
    assert bootstrap_p_worse(-0.1, np.full(5, -0.1), units=1, higher_is_better=True) == 1.0


def test_the_bias_is_how_far_the_replicates_lie_from_the_value_on_average():
    assert bias(np.array([0.5, 0.7, np.nan]), 0.5) == pytest.approx(0.1)

"""How many samples a test needs: the answers are checked by drawing that many, many times."""

import numpy as np
import pytest

from seatrial.statistics import mcnemar_midp, tango, wilson
from seatrial.statistics.proportion import z_score
from seatrial.statistics.sample_size import (
    samples_for_difference,
    samples_for_mean,
    samples_for_range,
    samples_for_rate,
    samples_to_see_a_loss,
)

DRAWS = 3000
#: Three standard errors of a share of so many draws, and what a normal approximation may be off.
TOLERANCE = 3 * (0.2 * 0.8 / DRAWS) ** 0.5 + 0.015


@pytest.mark.parametrize(("rate", "limit"), [(0.9, 0.8), (0.99, 0.95), (0.85, 0.8), (0.999, 0.9), (0.5, 0.4)])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_so_many_samples_show_that_a_proportion_reaches_its_limit(rate, limit, power):
    n = samples_for_rate(rate, limit, 0.95, power)
    right = np.random.default_rng(1).binomial(n, rate, DRAWS)
    counts, times = np.unique(right, return_counts=True)
    shown = sum(
        int(often)
        for count, often in zip(counts, times, strict=True)
        if wilson(int(count), n, 0.95)[0] >= limit
    )
    assert power - TOLERANCE <= shown / DRAWS
    # no larger sample has less, a fifth fewer samples have: the answer is not just large enough
    fewer = np.random.default_rng(2).binomial(int(0.8 * n), rate, DRAWS)
    counts, times = np.unique(fewer, return_counts=True)
    shown = sum(
        int(often)
        for count, often in zip(counts, times, strict=True)
        if wilson(int(count), int(0.8 * n), 0.95)[0] >= limit
    )
    assert shown / DRAWS < power


@pytest.mark.parametrize(
    ("difference", "disagreement", "limit"),
    [(0.0, 0.06, -0.02), (0.0, 0.2, -0.05), (0.03, 0.1, 0.0), (0.04, 0.12, 0.01), (-0.005, 0.08, -0.03)],
)
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_so_many_pairs_show_that_a_difference_lies_above_its_limit(difference, disagreement, limit, power):
    n = samples_for_difference(difference, disagreement, limit, 0.95, power)
    parts = [(disagreement + difference) / 2, (disagreement - difference) / 2, 1 - disagreement]
    drawn = np.random.default_rng(3).multinomial(n, parts, DRAWS)
    pairs, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    shown = sum(
        int(often)
        for (gained, lost), often in zip(pairs.tolist(), times, strict=True)
        if tango(gained, lost, n, 0.95)[0] > limit
    )
    assert shown / DRAWS == pytest.approx(power, abs=TOLERANCE)


@pytest.mark.parametrize(("loss", "disagreement"), [(0.05, 0.11), (0.03, 0.2), (0.1, 0.12)])
@pytest.mark.parametrize("level", [0.05, 0.0005])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_so_many_pairs_prove_a_loss(loss, disagreement, level, power):
    n = samples_to_see_a_loss(loss, disagreement, level, power)
    parts = [(disagreement - loss) / 2, (disagreement + loss) / 2, 1 - disagreement]
    drawn = np.random.default_rng(4).multinomial(n, parts, DRAWS)
    pairs, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    proven = sum(
        int(often)
        for (gained, lost), often in zip(pairs.tolist(), times, strict=True)
        if mcnemar_midp(gained, lost) <= level
    )
    assert proven / DRAWS >= power - TOLERANCE - 0.02
    # where nearly all that differs is loss, the normal approximation asks for a few too many
    assert proven / DRAWS <= power + TOLERANCE + (0.02 if disagreement > 1.5 * loss else 0.1)


@pytest.mark.parametrize("power", [0.8, 0.9])
def test_so_many_samples_show_that_a_mean_clears_its_limit(power):
    n = samples_for_mean(0.1, 0.7, z_score(0.95), power)
    means = 0.1 + 0.7 / np.sqrt(n) * np.random.default_rng(5).standard_normal(DRAWS)
    shown = np.mean(means - z_score(0.95) * 0.7 / np.sqrt(n) > 0)
    assert shown == pytest.approx(power, abs=TOLERANCE)


@pytest.mark.parametrize("power", [0.8, 0.9])
@pytest.mark.parametrize("slices", [2, 12])
def test_so_many_samples_a_slice_bound_the_gap_of_equal_slices(slices, power):
    n = samples_for_range(0.1, 0.3, slices, 0.95, power)
    values = 0.3 / np.sqrt(n) * np.random.default_rng(6).standard_normal((DRAWS, slices))
    most = values.max(axis=1) - values.min(axis=1) + 2 * z_score(0.95) * 0.3 / np.sqrt(n)
    assert np.mean(most <= 0.1) == pytest.approx(power, abs=TOLERANCE)


def test_what_is_not_true_is_shown_by_no_number_of_samples():
    assert samples_for_rate(0.8, 0.8, 0.95, 0.8) is None
    assert samples_for_difference(-0.02, 0.06, -0.02, 0.95, 0.8) is None
    assert samples_for_mean(0.0, 1.0, 1.96, 0.8) is None
    assert samples_for_range(0.0, 1.0, 3, 0.95, 0.8) is None
    assert samples_for_mean(1e-9, 1.0, 1.96, 0.8) is None


def test_a_hair_above_the_limit_needs_very_many():
    assert 10**6 < samples_for_rate(0.8004, 0.8, 0.95, 0.8) < 10**8


def test_more_power_and_more_confidence_need_more_samples():
    base = samples_for_rate(0.9, 0.85, 0.95, 0.8)
    assert samples_for_rate(0.9, 0.85, 0.95, 0.9) > base
    assert samples_for_rate(0.9, 0.85, 0.99, 0.8) > base
    assert samples_for_rate(0.9, 0.86, 0.95, 0.8) > base

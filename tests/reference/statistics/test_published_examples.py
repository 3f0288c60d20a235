"""Intervals, tests and adjustments agree with SciPy, statsmodels and published worked examples."""

import math
from hashlib import blake2b

import numpy as np
import pytest
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from seatrial.statistics import (
    PoissonWeights,
    benjamini_hochberg,
    holm,
    mcnemar_midp,
    standard_error,
    tango,
    tango_from_error,
    wilson,
    wilson_from_error,
)

PAIRS = [
    (0, 0, 5),
    (1, 7, 21),
    (6, 16, 161),
    (0, 3, 3),
    (4, 0, 40),
    (30, 30, 60),
    (250, 300, 5000),
    (1, 0, 1),
]


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (3, 10), (81, 263), (15, 148), (4999, 5000)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_wilson_is_scipys_and_statsmodels(successes, n, confidence):
    found = wilson(successes, n, confidence)
    scipys = stats.binomtest(successes, n).proportion_ci(confidence, method="wilson")
    assert found == pytest.approx((scipys.low, scipys.high), abs=1e-12)
    assert found == pytest.approx(
        proportion_confint(successes, n, alpha=1 - confidence, method="wilson"), abs=1e-12
    )


def test_wilson_gives_newcombes_worked_examples():
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, table I, method 3."""
    assert wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20, 0.95) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29, 0.95) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize(
    ("b", "c", "n", "confidence", "expected"),
    [
        # Fagerland, Lydersen, Laake (2014), Statistics in Medicine 33: airway hyper-responsiveness
        (1, 7, 21, 0.95, (-0.517, -0.026)),
        # the same authors (2017), Statistical Analysis of Contingency Tables, chapter 8: response to therapy
        (6, 16, 161, 0.95, (-0.1240, -0.0054)),
        # R package PropCIs, scoreci.mp(25, 28, 618, 0.90), whose difference is the second less the first
        (28, 25, 618, 0.90, (-0.0148, 0.0247)),
    ],
)
def test_tango_gives_published_worked_examples(b, c, n, confidence, expected):
    digits = 3 if expected[0] == -0.517 else 4
    assert tuple(round(bound, digits) for bound in tango(b, c, n, confidence)) == expected


def score_by_likelihood(b: int, c: int, n: int, difference: float) -> float:
    """Give Tango's score with the nuisance probability found by maximising the likelihood numerically."""

    def slope(wrong: float) -> float:
        agree = 1 - 2 * wrong - difference
        return b / (wrong + difference) + c / wrong - 2 * (n - b - c) / agree

    low, high = max(0.0, -difference), (1 - difference) / 2
    wrong = optimize.brentq(slope, low + 1e-15, high - 1e-15, xtol=1e-15)
    variance = n * (2 * wrong + difference - difference**2)
    return (b - c - n * difference) / math.sqrt(variance)


@pytest.mark.parametrize(
    ("b", "c", "n"), [(1, 7, 21), (6, 16, 161), (12, 5, 60), (250, 300, 5000), (3, 2, 9)]
)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_tango_solves_the_score_equation(b, c, n, confidence):
    z, value = stats.norm.ppf(0.5 + confidence / 2), (b - c) / n
    low = optimize.brentq(lambda at: score_by_likelihood(b, c, n, at) - z, -1 + 1e-9, value, xtol=1e-14)
    high = optimize.brentq(lambda at: score_by_likelihood(b, c, n, at) + z, value, 1 - 1e-9, xtol=1e-14)
    assert tango(b, c, n, confidence) == pytest.approx((low, high), abs=1e-10)


@pytest.mark.parametrize(
    ("b", "c", "two_sided"),
    [
        (6, 16, 0.034690),  # Fagerland, Lydersen, Laake (2017), chapter 8
        (1, 7, 0.039),  # Fagerland, Lydersen, Laake (2013), table 5
    ],
)
def test_mcnemar_gives_published_mid_p_values(b, c, two_sided):
    assert 2 * mcnemar_midp(b, c) == pytest.approx(two_sided, abs=5e-4 if b == 1 else 5e-7)


@pytest.mark.parametrize(("b", "c", "_n"), PAIRS)
def test_mcnemar_is_half_the_probability_of_the_tie_off_the_exact_test(b, c, _n):
    coin = stats.binom(b + c, 0.5)
    expected = coin.sf(c) + coin.pmf(c) / 2
    assert mcnemar_midp(b, c) == pytest.approx(expected, rel=1e-10)


def test_small_p_values_keep_their_digits():
    assert mcnemar_midp(10, 200) == pytest.approx(
        stats.binom.sf(200, 210, 0.5) + stats.binom.pmf(200, 210, 0.5) / 2, rel=1e-10
    )


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
@pytest.mark.parametrize("seed", range(5))
def test_adjusted_p_values_are_statsmodels(adjust, method, seed):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(40) ** 3, 3)  # rounding makes ties
    assert adjust(p) == pytest.approx(multipletests(p, method=method)[1], abs=1e-12)


def test_benjamini_hochberg_is_scipys():
    p = np.random.default_rng(9).random(100)
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


def test_holm_gives_the_rejections_of_benjamini_and_hochbergs_example():
    """The fifteen p-values of Benjamini, Hochberg (1995), section 3.2: 3 by Holm and 4 by their procedure."""
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
        0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    assert int((holm(p) <= 0.05).sum()) == 3
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4


def weight_by_hand(seed: int, replicate: int, group: str) -> int:
    """Follow the documented recipe with whole numbers of any size."""

    def digest(text: str) -> int:
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")

    mask = 2**64 - 1
    mixed = digest(group) ^ digest(f"{seed}/{replicate}")
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & mask
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & mask
    mixed ^= mixed >> 31
    return int(stats.poisson.ppf((mixed + 0.5) / 2**64, 1))


def test_weights_follow_their_documented_recipe():
    groups = [f"scene {number}" for number in range(300)] + ["", "Größe", "0"]
    drawn = PoissonWeights(-3, groups).block(5, 8)
    expected = [[weight_by_hand(-3, replicate, group) for group in groups] for replicate in (5, 6, 7)]
    assert drawn.tolist() == expected


def test_the_bootstrap_error_of_a_mean_is_the_textbooks():
    values = np.random.default_rng(21).gamma(2, 1, 400)
    weights = PoissonWeights(1, [str(row) for row in range(400)]).block(0, 4000)
    means = weights @ values / weights.sum(axis=1)
    assert standard_error(means, 400) == pytest.approx(stats.sem(values), rel=0.04)


@pytest.mark.parametrize(("successes", "n"), [(1, 29), (15, 148), (81, 263)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_from_the_error_of_a_share_is_statsmodels_but_for_t(successes, n, confidence):
    share = successes / n
    found = wilson_from_error(share, math.sqrt(share * (1 - share) / n), n, confidence)
    alpha = 2 * stats.norm.sf(stats.t.ppf(0.5 + confidence / 2, n - 1))
    assert found == pytest.approx(proportion_confint(successes, n, alpha=alpha, method="wilson"), abs=1e-10)


@pytest.mark.parametrize(("b", "c", "n"), [(1, 7, 21), (6, 16, 161), (250, 300, 5000), (0, 0, 30)])
def test_tango_from_the_error_of_a_difference_of_shares_is_tangos_but_for_t(b, c, n):
    apart = (b - c) / n
    error = math.sqrt(((b + c) / n - apart**2) / n)
    confidence = 2 * stats.norm.cdf(stats.t.ppf(0.975, n - 1)) - 1
    assert tango_from_error(apart, error, n, n, 0.95) == pytest.approx(tango(b, c, n, confidence), abs=1e-10)

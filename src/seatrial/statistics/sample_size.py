"""How many samples a test needs to come out right with a given probability: its power."""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from seatrial.statistics.paired import tango_score
from seatrial.statistics.proportion import z_score

__all__ = [
    "samples_for_difference",
    "samples_for_mean",
    "samples_for_range",
    "samples_for_rate",
    "samples_to_see_a_loss",
]

#: More samples than this are not a plan.
_MOST = 10**9

#: Up to so many samples, the exact power of every size around the answer is looked at.
_EXACT = 200_000

_SCALE = 10**6


def samples_for_rate(rate: float, limit: float, confidence: float, power: float) -> int | None:
    """Find how many samples show by Wilson's lower bound that a proportion reaches a limit.

    Wilson's bound inverts the score test, so it reaches the limit L where at least n L + z √(n L (1 − L)) of
    n samples are right. The power is that binomial tail, exactly; n is the least from which on it suffices.

    Args:
        rate: Assumed true proportion, in [0, 1].
        limit: What the lower bound has to reach, in [0, 1]. For an upper bound give both from 1.
        confidence: Two-sided coverage of the interval, in (0, 1).
        power: Probability that the bound reaches the limit, in (0, 1).

    Returns:
        At least 1; None where the rate is not above the limit, or more than 10⁹ would be needed.

    References:
        Fleiss, Levin, Paik (2003), Statistical Methods for Rates and Proportions, section 2.5 (the start).
    """
    if rate <= limit:
        return None
    z, reach = z_score(confidence), NormalDist().inv_cdf(power)
    spread = z * math.sqrt(limit * (1 - limit)) + reach * math.sqrt(rate * (1 - rate))
    start = (spread / (rate - limit)) ** 2
    if start > _EXACT:
        return _whole(start)
    sizes = np.arange(1, math.ceil(1.5 * start) + 200, dtype=np.float64)
    short = np.flatnonzero(_power_of_rate(sizes, rate, limit, z) < power)
    return int(sizes[short[-1]]) + 1 if len(short) else 1


def _power_of_rate(sizes: NDArray[np.float64], rate: float, limit: float, z: float) -> NDArray[np.float64]:
    from scipy.special import betainc

    # a hair less, so that rounding does not ask for one more
    least = np.ceil(sizes * limit + z * np.sqrt(sizes * limit * (1 - limit)) - 1e-9)
    within = np.clip(least, 1, sizes)
    # the binomial tail is an incomplete beta function
    tail: NDArray[np.float64] = betainc(within, sizes - within + 1, rate)
    return np.where(least > sizes, 0.0, np.where(least < 1, 1.0, tail))


def samples_for_difference(
    difference: float, disagreement: float, limit: float, confidence: float, power: float
) -> int | None:
    """Find how many paired samples show by Tango's interval that a difference lies above a limit.

    n = ((z σ₀ + z_β σ₁) / (δ − Δ))², σ₁² = ψ − δ² being the variance of one pair's difference and σ₀² the
    one that the score statistic takes where the difference is the limit.

    Args:
        difference: Assumed true difference δ, candidate minus champion.
        disagreement: Assumed share ψ of samples that exactly one of the two has right, at least ∣δ∣.
        limit: What the interval has to lie above, Δ: the margin with a minus sign, or the gain.
        confidence: Two-sided coverage of the interval, in (0, 1).
        power: Probability that it does, in (0, 1).

    Returns:
        At least 1; None where the difference is not above the limit, or more than 10⁹ would be needed.

    References:
        Tango (1998), Equivalence test and confidence interval for the difference in proportions for the
        paired-sample design, Statistics in Medicine 17, section 5.
    """
    if difference <= limit:
        return None
    gained, lost = (round(_SCALE * (disagreement + sign * difference) / 2) for sign in (1, -1))
    score = tango_score(gained, lost, _SCALE, limit)
    at_limit = (gained - lost - _SCALE * limit) / score / math.sqrt(_SCALE)
    return _paired(difference - limit, at_limit, disagreement - difference**2, z_score(confidence), power)


def samples_to_see_a_loss(loss: float, disagreement: float, level: float, power: float) -> int | None:
    """Find how many paired samples prove by McNemar's test that the candidate is worse.

    n = ((z_α √ψ + z_β √(ψ − δ²)) / δ)²; a few too many where nearly all that differs is loss.

    Args:
        loss: True loss δ of the proportion that is right, above 0.
        disagreement: Share ψ of samples that exactly one of the two has right, at least the loss.
        level: One-sided level of the test, after any correction, in (0, 1).
        power: Probability that it is proven, in (0, 1).

    Returns:
        At least 1; None where more than 10⁹ would be needed.

    References:
        Connor (1987), Sample size for testing differences in proportions for the paired-sample design,
        Biometrics 43.
    """
    z = NormalDist().inv_cdf(1 - level)
    return _paired(loss, math.sqrt(disagreement), disagreement - loss**2, z, power)


def samples_for_mean(distance: float, deviation: float, z: float, power: float) -> int | None:
    """Find how many samples show that a mean-like statistic clears a limit: n = ((z + z_β) σ / d)².

    Args:
        distance: Distance d of the assumed value from the limit, above 0.
        deviation: Standard deviation σ of one sample's part: half an interval's width times √n over its z.
        z: Normal quantile of the interval or test.
        power: Probability that it does, in (0, 1).

    Returns:
        At least 1; None where the distance is not above 0, or more than 10⁹ would be needed.
    """
    if distance <= 0:
        return None
    return _whole((max(z + NormalDist().inv_cdf(power), 0.0) * deviation / distance) ** 2)


def samples_for_range(
    bound: float, deviation: float, slices: int, confidence: float, power: float
) -> int | None:
    """Find how many samples each of k equal slices needs, so that their conservative gap stays in a bound.

    The gap of k equal slices is a range of k normal values; the upper end of its interval is the range and
    both half-widths: n = ((q + 2 z) σ / b)², q being the range's quantile at the power.

    Args:
        bound: Greatest gap b, above 0.
        deviation: Standard deviation σ of one sample's part of the metric.
        slices: How many slices k, at least 2.
        confidence: Two-sided coverage of each slice's interval, in (0, 1).
        power: Probability that the gap is shown to be bounded, in (0, 1).

    Returns:
        At least 1; None where the bound is 0, or more than 10⁹ would be needed.
    """
    from scipy.stats import studentized_range

    if bound <= 0:
        return None
    spread = float(studentized_range.ppf(power, slices, math.inf))
    return _whole(((spread + 2 * z_score(confidence)) * deviation / bound) ** 2)


def _paired(distance: float, at_limit: float, variance: float, z: float, power: float) -> int | None:
    spread = z * at_limit + NormalDist().inv_cdf(power) * math.sqrt(max(variance, 0.0))
    return _whole((max(spread, 0.0) / distance) ** 2)


def _whole(size: float) -> int | None:
    return None if size > _MOST else max(math.ceil(size - 1e-9), 1)

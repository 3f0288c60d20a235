"""The interval of one proportion."""

from math import sqrt
from statistics import NormalDist

__all__ = ["t_score", "wilson", "wilson_from_error", "z_score"]


def z_score(confidence: float) -> float:
    """Give the normal quantile of a two-sided confidence: 1.96 for 0.95.

    Raises:
        ValueError: ``confidence`` is not inside (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be inside (0, 1), got {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def t_score(confidence: float, units: int) -> float:
    """Give the quantile of Student's t that takes the place of the normal one where few units were drawn.

    Args:
        confidence: Two-sided, in (0, 1).
        units: Independent samples or groups, 2 or more: there is one degree of freedom less.

    Raises:
        ValueError: ``confidence`` is not inside (0, 1), or there are fewer than two units.
    """
    from scipy.special import stdtrit

    if units < 2:  # noqa: PLR2004 - one degree of freedom is the least
        raise ValueError(f"expected at least 2 independent units, got {units}")
    z_score(confidence)
    return float(stdtrit(units - 1, 0.5 + confidence / 2))


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Bound a proportion with Wilson's score interval.

    Args:
        successes: How many of ``n``, in [0, n].
        n: Samples; none gives (0, 1), for nothing is known.
        confidence: Two-sided coverage, in (0, 1).

    Returns:
        Lower and upper bound, in [0, 1], around ``successes / n``.

    Raises:
        ValueError: A count or the confidence is out of range.

    References:
        Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must be in [0, n], got {successes} of {n}")
    z = z_score(confidence)
    return (0.0, 1.0) if n == 0 else _wilson(successes / n, n, z)


def wilson_from_error(share: float, error: float, units: int, confidence: float) -> tuple[float, float]:
    """Bound a number in [0, 1] by its standard error: Wilson's interval of as many samples as that means.

    A share of n independent samples has the standard error √(p (1 − p) / n). Solved for n, the formula says
    how many samples the number is worth, and Wilson's interval for so many keeps to the range and leans away
    from its ends, as a symmetric interval does not. Samples in groups are worth fewer than they are.

    Args:
        share: A share, or another average in [0, 1], like an F1.
        error: Its standard error; where it is 0, ``units`` samples are taken for what it is worth. No
            error makes it worth less than one.
        units: Independent samples or groups that it rests on, 2 or more; they set the quantile of
            Student's t that is used for the normal one.
        confidence: Two-sided coverage, in (0, 1).

    Returns:
        Lower and upper bound, in [0, 1], around ``share``.

    Raises:
        ValueError: ``share`` is not in [0, 1], or ``units`` or ``confidence`` is out of range.

    References:
        Dean, Pagano (2015), Evaluating confidence interval methods for binomial proportions in clustered
        surveys, J. Survey Statistics and Methodology 3 (Wilson's interval with the effective sample size and
        t; the best of those compared).
    """
    if not 0 <= share <= 1:
        raise ValueError(f"expected a share in [0, 1], got {share}")
    variance = share * (1 - share)
    worth = max(variance / error**2, 1.0) if error > 0 and variance > 0 else float(units)
    return _wilson(share, worth, t_score(confidence, units))


def _wilson(share: float, n: float, z: float) -> tuple[float, float]:
    spread = z * z / n
    centre = (share + spread / 2) / (1 + spread)
    reach = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    low = 0.0 if share == 0 else max(0.0, centre - reach)
    high = 1.0 if share == 1 else min(1.0, centre + reach)
    return low, high

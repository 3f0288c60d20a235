"""The interval of one proportion."""

from math import sqrt
from statistics import NormalDist

__all__ = ["wilson", "z_score"]


def z_score(confidence: float) -> float:
    """Give the normal quantile of a two-sided confidence: 1.96 for 0.95.

    Raises:
        ValueError: ``confidence`` is not inside (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be inside (0, 1), got {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


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
    if n == 0:
        return 0.0, 1.0
    share, spread = successes / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    reach = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    low = 0.0 if successes == 0 else max(0.0, centre - reach)
    high = 1.0 if successes == n else min(1.0, centre + reach)
    return low, high

"""Two models on the same samples, right or wrong: how far apart, and is one worse."""

from math import inf, sqrt

from seatrial.statistics.proportion import t_score, z_score

__all__ = ["mcnemar_midp", "tango", "tango_from_error", "tango_score"]

#: Halvings of an interval of width 2: past the resolution of a double.
_HALVINGS = 60


def tango(b: int, c: int, n: int, confidence: float) -> tuple[float, float]:
    """Bound the difference of two paired proportions with Tango's score interval.

    The bounds are the differences at which the score statistic equals plus and minus the normal
    quantile. The statistic falls with the difference, so each is found by bisection.

    Args:
        b: Samples that the candidate has right and the champion wrong.
        c: Samples that the candidate has wrong and the champion right.
        n: All samples, also those on which both agree; none gives (-1, 1).
        confidence: Two-sided coverage, in (0, 1).

    Returns:
        Lower and upper bound of the difference, in [-1, 1], around ``(b - c) / n``.

    Raises:
        ValueError: A count or the confidence is out of range.

    References:
        Tango (1998), Equivalence test and confidence interval for the difference in proportions for the
        paired-sample design, Statistics in Medicine 17, equations 10 to 13.
    """
    if b < 0 or c < 0 or b + c > n:
        raise ValueError(f"expected counts b and c that are not negative and at most n, got {b}, {c}, {n}")
    z = z_score(confidence)
    return (-1.0, 1.0) if n == 0 else _tango(b, c, n, z)


def tango_from_error(
    difference: float, error: float, n: float, units: int, confidence: float
) -> tuple[float, float]:
    """Bound a difference of two averages in [0, 1] by its standard error, with Tango's interval.

    A difference d of two shares of the same n samples has the variance (ψ − d²) / n, ψ being the share of
    samples on which the models disagree. Solved for ψ, the formula says how much disagreement the standard
    error means, and Tango's interval for so much, which counts on it that few disagreements were seen by
    chance, does not pass falsely where a symmetric interval does. Where more than all samples would have to
    disagree, as within groups that share their luck, there are fewer samples in effect.

    Args:
        difference: Candidate minus champion, in [-1, 1].
        error: Its standard error; 0 where the models never disagree.
        n: Samples that it rests on, above 0.
        units: Independent samples or groups among them, 2 or more; they set the quantile of Student's t.
        confidence: Two-sided coverage, in (0, 1).

    Returns:
        Lower and upper bound, in [-1, 1], around ``difference``: exactly :func:`tango` but for t, where the
        standard error is that of shares.

    Raises:
        ValueError: ``difference`` is not in [-1, 1], or ``units`` or ``confidence`` is out of range.
    """
    if not -1 <= difference <= 1:
        raise ValueError(f"expected a difference in [-1, 1], got {difference}")
    disagreeing = max(n * error**2 + difference**2, abs(difference))
    if disagreeing > 1:
        n, disagreeing = max((1 - difference**2) / error**2, 1.0), 1.0
    b, c = n * (disagreeing + difference) / 2, n * (disagreeing - difference) / 2
    return _tango(b, c, n, t_score(confidence, units))


def _tango(b: float, c: float, n: float, z: float) -> tuple[float, float]:
    value = (b - c) / n
    low = -1.0 if c >= n else _bisect(b, c, n, score=z, between=(-1.0, value))
    high = 1.0 if b >= n else _bisect(b, c, n, score=-z, between=(value, 1.0))
    return low, high


def tango_score(b: float, c: float, n: float, difference: float) -> float:
    """Give Tango's score statistic of the hypothesis that the proportions differ by ``difference``.

    The probability of "candidate wrong, champion right" is estimated by maximum likelihood under that
    hypothesis: the larger root of ``2n q² + B q + C = 0`` (equation 12).
    """
    linear = -b - c + (2 * n - b + c) * difference
    constant = -c * difference * (1 - difference)
    root = sqrt(max(0.0, linear * linear - 8 * n * constant))
    # for a positive linear term the textbook form subtracts nearly equal numbers
    wrong = (root - linear) / (4 * n) if linear <= 0 else -2 * constant / (root + linear)
    variance = n * (2 * wrong + difference * (1 - difference))
    distance = b - c - n * difference
    if variance <= 0:
        return 0.0 if distance == 0 else inf if distance > 0 else -inf
    return distance / sqrt(variance)


def _bisect(b: float, c: float, n: float, *, score: float, between: tuple[float, float]) -> float:
    low, high = between
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if tango_score(b, c, n, middle) > score:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def mcnemar_midp(b: int, c: int) -> float:
    """Test whether the candidate is worse than the champion: McNemar's exact test with the mid-p correction.

    Under "equally good", each sample on which they disagree falls to either side like a fair coin.

    Args:
        b: Samples that the candidate has right and the champion wrong.
        c: Samples that the candidate has wrong and the champion right.

    Returns:
        One-sided p-value ``P(X > c) + P(X = c) / 2`` for X ~ Binomial(b + c, 1/2); 0.5 where they never
        disagree.

    Raises:
        ValueError: A count is negative.

    References:
        Fagerland, Lydersen, Laake (2013), The McNemar test for binary matched-pairs data: mid-p and
        asymptotic are better than exact conditional, BMC Medical Research Methodology 13:91.
    """
    from scipy.special import bdtrc

    if b < 0 or c < 0:
        raise ValueError(f"expected counts that are not negative, got {b} and {c}")
    at_least = 1.0 if c == 0 else float(bdtrc(c - 1, b + c, 0.5))
    more = 0.0 if b == 0 else float(bdtrc(c, b + c, 0.5))
    return (at_least + more) / 2

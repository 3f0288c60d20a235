"""How many more samples would decide what is inconclusive now."""

import math

__all__ = ["growth_needed", "more_samples"]

#: More samples than this are not a plan.
_MOST = 10**9


def growth_needed(value: float, low: float, high: float, limit: float) -> float | None:
    """Find by what factor a sample must grow until its interval no longer holds a limit.

    The value and the shape of the interval are taken to stay as they are, and each side of the interval
    to shrink with the square root of the number of samples: the side towards the limit, of width w, clears
    a limit at distance d when the sample has grown by (w / d)².

    Args:
        value: What was measured.
        low: Lower bound of its interval.
        high: Upper bound.
        limit: What it is held against.

    Returns:
        At least 1; None where the value lies on the limit (or as good as), or the interval has no width on
        that side: then no number of samples decides.
    """
    distance = abs(value - limit)
    width = value - low if value > limit else high - value
    if width <= 0 or distance * _MOST <= width:
        return None
    return max((width / distance) ** 2, 1.0)


def more_samples(value: float, low: float, high: float, limit: float, n: int, *others: int) -> int | None:
    """Say how many samples beside those at hand would decide; see :func:`growth_needed`.

    Args:
        value: What was measured.
        low: Lower bound of its interval.
        high: Upper bound.
        limit: What it is held against.
        n: Samples at hand.
        others: Samples at hand in further slices that have to grow by the same factor.

    Returns:
        At least 1; None where no number decides, or more than 10⁹ would be needed.
    """
    growth = growth_needed(value, low, high, limit)
    sizes = (n, *others)
    if growth is None or growth * sum(sizes) > _MOST:
        return None
    # rounded, so that an exact multiple is not raised by the last bit
    return max(sum(math.ceil(round(growth * size, 6)) - size for size in sizes), 1)

"""How much of the level each use of one test set may spend."""

from math import pi

__all__ = ["alpha_spent", "alpha_spent_until"]


def alpha_spent(alpha: float, use: int) -> float:
    """Give the level at which the k-th use of a test set is judged: α_k = 6α / (π² k²).

    The levels of all uses together, however many follow, sum to α: the chance that any of them passes a
    model falsely stays below α.

    Args:
        alpha: Level of all uses together, in (0, 1).
        use: Which use of the test set, from 1.

    Returns:
        The level of that use alone, in (0, alpha): 0.61 α for the first, 0.15 α for the second.

    Raises:
        ValueError: ``alpha`` is not inside (0, 1), or ``use`` is below 1.

    References:
        Foster, Stine (2008), α-investing: a procedure for sequential control of expected false discoveries,
        J. Royal Statistical Society B 70; Σ 1/k² = π²/6 is Euler's.
    """
    _check(alpha, use)
    return 6 * alpha / (pi * use) ** 2


def alpha_spent_until(alpha: float, use: int) -> float:
    """Sum the levels of the first so many uses: what is spent of α.

    Args:
        alpha: Level of all uses together, in (0, 1).
        use: How many uses, 1 or more.

    Raises:
        ValueError: ``alpha`` is not inside (0, 1), or ``use`` is below 1.
    """
    _check(alpha, use)
    return sum(alpha_spent(alpha, one) for one in range(use, 0, -1))


def _check(alpha: float, use: int) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be inside (0, 1), got {alpha}")
    if use < 1:
        raise ValueError(f"uses are counted from 1, got {use}")

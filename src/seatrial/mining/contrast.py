"""How much more often a group fails than the rest, with a test that holds where samples come in groups."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from seatrial.statistics import mcnemar_midp, t_score, tango, tango_from_error, wilson

__all__ = ["Contrast", "PairedContrast"]

#: With fewer independent units inside or outside there is nothing to test.
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Contrast:
    """Errors inside a group against those outside.

    Attributes:
        n: Units inside.
        errors: Errors among them.
        rest: Units outside.
        rest_errors: Errors among those.
        low: Lower bound of the difference of the two error rates.
        high: Upper bound.
        p: One-sided p-value of "it fails no more often than the rest", in [0, 1].
    """

    n: int
    errors: int
    rest: int
    rest_errors: int
    low: float
    high: float
    p: float

    @property
    def rate(self) -> float:
        """Share of errors inside, in [0, 1]; 0 where nothing is inside."""
        return self.errors / self.n if self.n else 0.0

    @property
    def rest_rate(self) -> float:
        """Share of errors outside, in [0, 1]; 0 where nothing is outside."""
        return self.rest_errors / self.rest if self.rest else 0.0

    @property
    def difference(self) -> float:
        """Error rate inside minus that outside, in [-1, 1]."""
        return self.rate - self.rest_rate

    @property
    def excess(self) -> float:
        """Errors beyond those that as many units outside would make; not negative."""
        return max(0.0, self.errors - self.n * self.rest_rate)

    @property
    def explained(self) -> float:
        """Share of all errors that are in excess inside, in [0, 1]."""
        total = self.errors + self.rest_errors
        return self.excess / total if total else 0.0

    @classmethod
    def of(
        cls,
        inside: NDArray[np.bool_],
        error: NDArray[np.bool_],
        groups: NDArray[np.int64],
        confidence: float,
    ) -> "Contrast":
        """Compare the units of a group with the others.

        Independent units are compared by Fisher's exact test and Newcombe's interval. Where units belong
        together, the standard error of the difference is that of the sums over what belongs together (a
        sandwich estimate), and its quantiles those of Student's t.

        Args:
            inside: Which units are in the group, shape (n,).
            error: Which fail, shape (n,).
            groups: What each unit belongs to, a number not negative, shape (n,).
            confidence: Two-sided coverage of the interval, in (0, 1).

        References:
            Newcombe (1998), Interval estimation for the difference between independent proportions,
            Statistics in Medicine 17, method 10.
        """
        n, errors = int(inside.sum()), int((inside & error).sum())
        rest, rest_errors = len(inside) - n, int((~inside & error).sum())
        if not n or not rest:
            return cls(n, errors, rest, rest_errors, -1.0, 1.0, 1.0)
        if len(np.unique(groups)) == len(groups):
            low, high = _newcombe(errors, n, rest_errors, rest, confidence)
            return cls(n, errors, rest, rest_errors, low, high, _fisher(errors, n, rest_errors, rest))
        low, high, p = _clustered(inside, error, groups, confidence)
        return cls(n, errors, rest, rest_errors, low, high, p)


def _fisher(errors: int, n: int, rest_errors: int, rest: int) -> float:
    """Add up the hypergeometric chances of at least as many errors; scipy.stats takes a second to import."""
    from scipy.special import gammaln

    def ways(of: int, some: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1))

    wrong, whole = errors + rest_errors, n + rest
    possible = np.arange(errors, min(n, wrong) + 1)
    chances = ways(wrong, possible) + ways(whole - wrong, n - possible) - ways(whole, np.array([n]))
    return float(min(1.0, np.exp(chances).sum()))


def _newcombe(errors: int, n: int, rest_errors: int, rest: int, confidence: float) -> tuple[float, float]:
    inside, outside = errors / n, rest_errors / rest
    low, high = wilson(errors, n, confidence)
    rest_low, rest_high = wilson(rest_errors, rest, confidence)
    difference = inside - outside
    return (
        difference - sqrt((inside - low) ** 2 + (rest_high - outside) ** 2),
        difference + sqrt((high - inside) ** 2 + (outside - rest_low) ** 2),
    )


def _clustered(
    inside: NDArray[np.bool_], error: NDArray[np.bool_], groups: NDArray[np.int64], confidence: float
) -> tuple[float, float, float]:
    _, member = np.unique(groups, return_inverse=True)
    units = min(len(np.unique(member[inside])), len(np.unique(member[~inside])))
    if units < _FEWEST:
        return -1.0, 1.0, 1.0
    rate, rest_rate = error[inside].mean(), error[~inside].mean()
    pull = np.where(inside, (error - rate) / inside.sum(), -(error - rest_rate) / (~inside).sum())
    sums = np.bincount(member, weights=pull)
    variance = float((sums**2).sum()) * len(sums) / (len(sums) - 1)
    difference = float(rate - rest_rate)
    spread = sqrt(variance)
    reach = t_score(confidence, units) * spread
    p = _one_sided(difference, spread, units)
    return max(-1.0, difference - reach), min(1.0, difference + reach), p


@dataclass(frozen=True, slots=True)
class PairedContrast:
    """What one model has wrong inside a group and another right, against the other way round.

    Attributes:
        n: Units inside.
        errors: Those that became wrong (or right, where that is what is looked for).
        reverse: Those that changed the other way.
        total: All that changed as looked for, inside and outside.
        low: Lower bound of the paired difference.
        high: Upper bound.
        p: One-sided p-value of "inside, no more changed this way than the other", in [0, 1].
    """

    n: int
    errors: int
    reverse: int
    total: int
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        """Share that changed minus share that changed the other way, in [-1, 1]."""
        return (self.errors - self.reverse) / self.n if self.n else 0.0

    @property
    def explained(self) -> float:
        """What changed this way and not the other, as a share of all that changed this way, in [0, 1]."""
        return max(0.0, (self.errors - self.reverse) / self.total) if self.total else 0.0

    @classmethod
    def of(
        cls,
        inside: NDArray[np.bool_],
        changed: NDArray[np.bool_],
        reverse: NDArray[np.bool_],
        groups: NDArray[np.int64],
        confidence: float,
    ) -> "PairedContrast":
        """Compare two models inside a group, by McNemar's test and Tango's interval.

        Where units belong together, both are made from the standard error of the sums over what belongs
        together.

        Args:
            inside: Which units are in the group, shape (n,).
            changed: Which changed as looked for, shape (n,).
            reverse: Which changed the other way, shape (n,).
            groups: What each unit belongs to, a number not negative, shape (n,).
            confidence: Two-sided coverage of the interval, in (0, 1).
        """
        n, total = int(inside.sum()), int(changed.sum())
        errors, back = int((inside & changed).sum()), int((inside & reverse).sum())
        if not n:
            return cls(0, 0, 0, total, -1.0, 1.0, 1.0)
        if len(np.unique(groups)) == len(groups):
            low, high = tango(errors, back, n, confidence)
            return cls(n, errors, back, total, low, high, mcnemar_midp(back, errors))
        _, member = np.unique(groups[inside], return_inverse=True)
        moved = (changed[inside].astype(np.float64) - reverse[inside]) / n
        mean = (errors - back) / n
        sums = np.bincount(member, weights=moved - mean / n)
        units = len(sums)
        if units < _FEWEST:
            return cls(n, errors, back, total, -1.0, 1.0, 1.0)
        spread = sqrt(float((sums**2).sum()) * units / (units - 1))
        low, high = tango_from_error(mean, spread, n, units, confidence)
        return cls(n, errors, back, total, low, high, _one_sided(mean, spread, units))


def _one_sided(mean: float, spread: float, units: int) -> float:
    from scipy.special import stdtr

    if spread <= 0:
        return 0.0 if mean > 0 and units > _FEWEST else 1.0
    return float(stdtr(units - 1, -mean / spread))

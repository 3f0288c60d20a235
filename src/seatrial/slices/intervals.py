"""From points and bootstrap replicates to estimates and differences that do not claim too much.

The replicates give a standard error and a bias. An interval is made of them by what bounds the metric:

* a metric in a range (F1, AP, IoU, Brier) gets Wilson's interval of as many samples as its standard error is
  worth, which keeps to the range;
* a metric without an upper end (log loss) gets Student's interval on the scale of logarithms;
* the expected calibration error, a sum of absolute values, is pushed up by noise, the more the better
  calibrated the model is; its lower bound allows for all of that, and with fewer than a hundred samples, a
  few in a bin, it has no interval but its range;
* a difference of metrics that count right and wrong gets Tango's interval of as much disagreement as its
  standard error means; any other difference Student's, widened on the side to which its replicates lean.

The quantiles are those of Student's t, with one degree of freedom less than there are independent samples or
groups. Three rules keep an interval honest where the bootstrap says nothing:

* *Undefined*: with fewer than two independent samples or groups, or where more than a tenth of the replicates
  have no value (a class was not drawn), the interval is the metric's whole range, or, for a metric without a
  range, the metric is not computable. No rule can pass or fail by such an interval.
* *Degenerate*: replicates that all agree (every sample is right) would give an interval of no width. It
  gets the width that Wilson's interval has where all of as many independent samples are right, and Tango's
  has where all of them agree; a metric without an upper end the width that a count of none has.
* *Few groups*: no p-value is below 2⁻ᵘ, the smallest that a sign test could reach.

An interval always holds its point value.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics import Computed, Metric
from seatrial.statistics import (
    Difference,
    Estimate,
    Measurement,
    NotComputable,
    bias,
    bootstrap_p_worse,
    skewness,
    standard_error,
    t_score,
    tango_from_error,
    undefined,
    wilson_from_error,
)

__all__ = ["Scale", "bootstrap_difference", "bootstrap_estimate"]

#: More than this share of undefined replicates, and the bootstrap says nothing.
MOST_UNDEFINED = 0.1

#: Fewer independent samples or groups than this, and nothing is known of how they vary.
LEAST_UNITS = 2

_SAME = 1e-12

#: Functions of how many samples are right and wrong: what one sample changes is not small.
_COUNTED = frozenset({"accuracy", "precision", "recall", "f1"})

#: Sums of absolute values.
_FOLDED = frozenset({"ece"})

#: How often a replicate's bias goes into the bias of a sum of absolute values whose true terms are 0: the
#: sample's is E|z| = √(2/π) for each term, the replicate's E|z + z'| − E|z| = (√2 − 1) √(2/π).
_MOST_BIAS = 1 + math.sqrt(2)

#: A factor beyond e⁵⁰ is as good as no bound, and stays finite.
_MOST_LOGARITHM = 50.0

#: Fewer samples than this, and the bins of a sum of absolute values hold too few to tell noise from gaps.
_LEAST_FOLDED = 100

Draws = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """What bounds a metric on a slice.

    Attributes:
        top: Its largest value; None where it has none. The smallest is 0.
        units: Independent samples, or groups, in the slice.
        confidence: Coverage of the intervals.
        kind: Whether it counts right and wrong, is a sum of absolute values, or anything else.
    """

    top: float | None
    units: int
    confidence: float
    kind: Literal["counted", "folded", "smooth"] = "smooth"

    @classmethod
    def of(cls, metric: Metric, classes: int, *, units: int, confidence: float) -> "Scale":
        """Find the scale of a metric for a model of so many classes."""
        top = None if math.isinf(metric.greatest) else metric.greatest
        if metric.name == "brier" and classes == 2:  # noqa: PLR2004 - of two classes, it is halved
            top = 1.0
        kind: Literal["counted", "folded", "smooth"] = "smooth"
        if metric.name in _COUNTED:
            kind = "counted"
        elif metric.name in _FOLDED:
            kind = "folded"
        return cls(top, units, confidence, kind)

    def least_p(self, n: int) -> float:
        """Give the smallest p-value that a sign test on n samples could reach."""
        return 0.5 ** min(self.units, n)


def bootstrap_estimate(point: Computed, draws: Draws, scale: Scale) -> Measurement:
    """Give a metric's value with the interval of its replicates.

    Args:
        point: The metric under weights of one, defined.
        draws: The metric in each replicate, shape (R,), NaN where undefined.
        scale: What bounds it.
    """
    value = float(point.values[0])
    if _says_nothing(draws, scale, point.n):
        if scale.top is None:
            return NotComputable(_too_few(draws, scale), point.n)
        return Estimate(value, 0.0, scale.top, point.n)
    low, high = _interval(value, _Spread.of(draws, value, min(scale.units, point.n)), scale)
    return Estimate(value, min(low, value), max(high, value), point.n)


def bootstrap_difference(
    points: tuple[Computed, Computed], draws: tuple[Draws, Draws], scale: Scale, *, higher_is_better: bool
) -> Difference | None:
    """Give candidate minus champion with the interval of the paired replicates; None where there is none.

    Args:
        points: Candidate and champion under weights of one, both defined.
        draws: Candidate and champion in each replicate, shape (R,), NaN where undefined.
        scale: What bounds the metric.
        higher_is_better: Whether a positive difference favours the candidate.
    """
    n = min(point.n for point in points)
    values = float(points[0].values[0]), float(points[1].values[0])
    value, apart = values[0] - values[1], draws[0] - draws[1]
    if _says_nothing(apart, scale, n):
        return None if scale.top is None else Difference(value, -scale.top, scale.top, 1.0, n)
    units = min(scale.units, n)
    if scale.kind == "folded":
        low, high = _folded_difference(values, draws, scale, units)
    else:
        low, high = _paired_interval(value, _Spread.of(apart, value, units), scale, n)
    if scale.top is not None:
        low, high = max(low, -scale.top), min(high, scale.top)
    p = bootstrap_p_worse(value, apart, units=units, higher_is_better=higher_is_better)
    return Difference(value, min(low, value), max(high, value), max(p, scale.least_p(n)), n)


@dataclass(frozen=True, slots=True)
class _Spread:
    """What the replicates say of a value.

    Attributes:
        error: Standard error; 0 where all replicates agree.
        bias: How far noise has pushed the value.
        lean: Skewness of the replicates: negative where they reach farther down than up.
        units: Independent samples or groups.
    """

    error: float
    bias: float
    lean: float
    units: int

    @classmethod
    def of(cls, draws: Draws, value: float, units: int) -> "_Spread":
        if float(np.nanmax(draws) - np.nanmin(draws)) <= _SAME * max(1.0, abs(value)):
            return cls(0.0, 0.0, 0.0, units)
        return cls(standard_error(draws, units), bias(draws, value), skewness(draws), units)


def _interval(value: float, spread: _Spread, scale: Scale) -> Interval:
    """Bound a value, then shift the bounds by what it is biased."""
    if scale.top is None:
        low, high = _of_logarithm(value, spread, scale.confidence)
        return max(low - spread.bias, 0.0), high - spread.bias
    if scale.kind == "folded" and spread.error > 0:
        reach = t_score(scale.confidence, spread.units) * spread.error
        low = value - reach - _MOST_BIAS * max(spread.bias, 0.0)
        return max(low, 0.0), min(value + reach - spread.bias, scale.top)
    share, error = min(max(value / scale.top, 0.0), 1.0), spread.error / scale.top
    low, high = (
        bound * scale.top for bound in wilson_from_error(share, error, spread.units, scale.confidence)
    )
    return max(low - spread.bias, 0.0), min(high - spread.bias, scale.top)


def _of_logarithm(value: float, spread: _Spread, confidence: float) -> Interval:
    """Bound a positive number without an upper end."""
    if spread.error == 0 or value <= 0:
        reach = _reach_of_none(spread.units, confidence)
        return value - reach, value + reach
    factor = math.exp(min(t_score(confidence, spread.units) * spread.error / value, _MOST_LOGARITHM))
    return value / factor, value * factor


def _reach_of_none(units: int, confidence: float) -> float:
    """Bound the mean of a count that was 0 in all units: a Poisson variable's exact upper bound."""
    return -math.log((1 - confidence) / 2) / units


def _paired_interval(value: float, spread: _Spread, scale: Scale, n: int) -> Interval:
    """Bound a difference by the disagreement that its error means, or by Student's t."""
    if scale.top is not None and (scale.kind == "counted" or spread.error == 0):
        apart = min(max(value / scale.top, -1.0), 1.0)
        worth = n if spread.error > 0 else spread.units
        low, high = tango_from_error(apart, spread.error / scale.top, worth, spread.units, scale.confidence)
        return low * scale.top - spread.bias, high * scale.top - spread.bias
    if spread.error == 0:
        reach = _reach_of_none(spread.units, scale.confidence)
        return value - reach, value + reach
    t = t_score(scale.confidence, spread.units)
    # Hall (1992), The Bootstrap and Edgeworth Expansion, section 3.5: the first term in the skewness
    further = spread.lean * (1 + 2 * t * t) / 6
    low, high = value - spread.error * (t - min(further, 0.0)), value + spread.error * (t + max(further, 0.0))
    return low, high


def _folded_difference(
    values: tuple[float, float], draws: tuple[Draws, Draws], scale: Scale, units: int
) -> Interval:
    """Bound a difference of sums of absolute values, each pushed up once to 1 + √2 times its bias."""
    value = values[0] - values[1]
    spread = _Spread.of(draws[0] - draws[1], value, units)
    if spread.error == 0:
        return _paired_interval(value, spread, scale, units)
    reach = t_score(scale.confidence, units) * spread.error
    ours, theirs = (max(bias(of_model, point), 0.0) for of_model, point in zip(draws, values, strict=True))
    return value - (_MOST_BIAS * ours - theirs) - reach, value - (ours - _MOST_BIAS * theirs) + reach


def _says_nothing(draws: Draws, scale: Scale, n: int) -> bool:
    least = _LEAST_FOLDED if scale.kind == "folded" else LEAST_UNITS
    return n < least or scale.units < LEAST_UNITS or undefined(draws) > MOST_UNDEFINED * len(draws)


def _too_few(draws: Draws, scale: Scale) -> str:
    share = undefined(draws) / len(draws)
    return (
        f"no interval: undefined in {share:.0%} of the bootstrap replicates, "
        f"the slice has {scale.units} independent samples or groups"
    )

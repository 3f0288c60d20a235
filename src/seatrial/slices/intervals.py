"""From points and bootstrap replicates to estimates and differences that do not claim too much.

Replicates of a metric that is no mean over samples are corrected for their bias, as
:func:`seatrial.statistics.bias_corrected` does; a replicate in which both models are equal stays so. Three
rules keep an interval honest where the bootstrap is not:

* *Undefined*: where more than a tenth of the replicates have no value (a class was not drawn, or no sample),
  the interval is the metric's whole range, or, for a metric without a range, the metric is not computable.
* *Degenerate*: replicates that all agree (every sample is right) would give an interval of no width. It
  gets the width that Wilson's interval has where all of as many independent samples are right, and Tango's
  has where all of them agree: z² / (u + z²), u being the number of independent samples or
  groups that the metric rests on.
* *Few groups*: no p-value is below 2⁻ᵘ, the smallest that a sign test could reach.

An interval always holds its point value.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics import Computed, Metric
from seatrial.statistics import (
    Difference,
    Estimate,
    Measurement,
    NotComputable,
    bias_corrected,
    bootstrap_p_worse,
    percentile_interval,
    undefined,
    wilson,
)

__all__ = ["Scale", "bootstrap_difference", "bootstrap_estimate"]

#: More than this share of undefined replicates, and the bootstrap says nothing.
MOST_UNDEFINED = 0.1

_SAME = 1e-12

#: Means over samples: noise does not push them one way.
_MEANS = frozenset({"accuracy", "log_loss", "brier"})

Draws = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """What bounds a metric on a slice.

    Attributes:
        top: Its largest value; None where it has none. The smallest is 0.
        units: Independent samples, or groups, in the slice.
        confidence: Coverage of the intervals.
        is_mean: Whether the metric is a mean over samples.
    """

    top: float | None
    units: int
    confidence: float
    is_mean: bool = False

    @classmethod
    def of(cls, metric: Metric, classes: int, *, units: int, confidence: float) -> "Scale":
        """Find the scale of a metric for a model of so many classes."""
        top = None if math.isinf(metric.greatest) else metric.greatest
        if metric.name == "brier" and classes == 2:  # noqa: PLR2004 - of two classes, it is halved
            top = 1.0
        return cls(top, units, confidence, metric.name in _MEANS)

    def reach(self, n: int) -> float:
        """Bound how far the truth may be from a value on which n samples agree."""
        units = min(self.units, n)
        return (self.top or 0.0) * (1.0 - wilson(units, units, self.confidence)[0])

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
    interval = _interval(value, _corrected(draws, value, scale), scale, lowest=0.0, n=point.n)
    if interval is None:
        return NotComputable(_too_few(draws, scale), point.n)
    return Estimate(value, *interval, point.n)


def bootstrap_difference(
    points: tuple[Computed, Computed], draws: Draws, scale: Scale, *, higher_is_better: bool
) -> Difference | None:
    """Give candidate minus champion with the interval of the paired replicates; None where there is none.

    Args:
        points: Candidate and champion under weights of one, both defined.
        draws: Their difference in each replicate, shape (R,), NaN where undefined.
        scale: What bounds the metric.
        higher_is_better: Whether a positive difference favours the candidate.
    """
    n = min(point.n for point in points)
    value = float(points[0].values[0] - points[1].values[0])
    equal = np.abs(draws) < _SAME  # a rounding error is no difference
    draws = np.where(equal, 0.0, _corrected(draws, value, scale))
    interval = _interval(value, draws, scale, lowest=-(scale.top or 0.0), n=n)
    if interval is None:
        return None
    units = min(scale.units, n)
    p = (
        1.0
        if _mostly_undefined(draws)
        else bootstrap_p_worse(value, draws, units=units, higher_is_better=higher_is_better)
    )
    return Difference(value, *interval, max(p, scale.least_p(n)), n)


def _interval(
    value: float, draws: Draws, scale: Scale, *, lowest: float, n: int
) -> tuple[float, float] | None:
    if _mostly_undefined(draws):
        return None if scale.top is None else (lowest, scale.top)
    low, high = percentile_interval(draws, scale.confidence)
    if scale.top is not None:
        if float(np.nanmax(draws) - np.nanmin(draws)) <= _SAME * max(1.0, abs(value)):
            reach = scale.reach(n)
            low, high = value - reach, value + reach
        low, high = max(lowest, low), min(scale.top, high)
    return min(low, value), max(high, value)


def _corrected(draws: Draws, value: float, scale: Scale) -> Draws:
    return draws if scale.is_mean else bias_corrected(draws, value)


def _mostly_undefined(draws: Draws) -> bool:
    return undefined(draws) > MOST_UNDEFINED * len(draws)


def _too_few(draws: Draws, scale: Scale) -> str:
    share = undefined(draws) / len(draws)
    return (
        f"no interval: undefined in {share:.0%} of the bootstrap replicates, "
        f"the slice has {scale.units} independent samples or groups"
    )

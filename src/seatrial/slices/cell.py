"""One metric on one slice: the right interval and the right paired test for it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics import METRICS, Computed
from seatrial.metrics.sufficient import Key
from seatrial.slices.intervals import Scale, bootstrap_difference, bootstrap_estimate
from seatrial.statistics import (
    Difference,
    Estimate,
    Measurement,
    NotComputable,
    mcnemar_midp,
    tango,
    wilson,
)

__all__ = ["Cell"]


@dataclass(frozen=True)
class Cell:
    """One metric on one slice, of each model.

    Attributes:
        key: Metric, and class.
        correct: For a share of independent samples: which of them each model has right; None otherwise.
        points: Values under weights of one.
        draws: Values in each replicate, shape (R,); None where there are none.
        scale: What bounds the metric.
    """

    key: Key
    correct: tuple[NDArray[np.bool_], ...] | None
    points: tuple[Computed, ...]
    draws: tuple[NDArray[np.float64] | None, ...]
    scale: Scale

    def estimate(self, model: int) -> Measurement:
        """Give a model's value with its interval."""
        point = self.points[model]
        if point.reason:
            return NotComputable(point.reason, point.n)
        value = float(point.values[0])
        if self.correct is not None:
            correct = self.correct[model]
            low, high = wilson(int(correct.sum()), len(correct), self.scale.confidence)
            return Estimate(value, low, high, point.n)
        draws = self.draws[model]
        if draws is None:
            return Estimate(value, None, None, point.n)
        return bootstrap_estimate(point, draws, self.scale)

    def difference(self) -> Difference | None:
        """Give the paired difference; None where one of the two has no value, or no interval can be given."""
        if any(point.reason for point in self.points):
            return None
        if self.correct is not None:
            return _difference_of_shares(self.correct[0], self.correct[1], self.scale.confidence)
        ours, theirs = self.draws
        if ours is None or theirs is None:
            return None
        return bootstrap_difference(
            (self.points[0], self.points[1]),
            (ours, theirs),
            self.scale,
            higher_is_better=METRICS[self.key[0]].higher_is_better,
        )


def _difference_of_shares(
    ours: NDArray[np.bool_], theirs: NDArray[np.bool_], confidence: float
) -> Difference:
    gained, lost = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    low, high = tango(gained, lost, len(ours), confidence)
    return Difference((gained - lost) / len(ours), low, high, mcnemar_midp(gained, lost), len(ours))

"""Which attributes the errors hang on: together, and one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import MissingExtraError
from seatrial.mining.axes import UnitAxes, UnitAxis
from seatrial.mining.failures import Failures
from seatrial.statistics import t_score, wilson, wilson_from_error

__all__ = ["AttributeImportance", "Curve", "CurvePoint", "attribute_importance", "curves"]

#: Losses above this quantile count as it: one unlucky sample is not to decide.
_CLIPPED = 0.99

#: Most units that trees are grown on, that they are tried on, and draws of a permutation.
_GROWN, _TRIED, _DRAWS = 100_000, 20_000, 5

#: Trees.
_TREES = 60

#: Combinations of values up to which rows are told apart by a number.
_DIFFERENT = 2**60

#: With fewer units in a half there is nothing to learn.
_FEWEST = 20


@dataclass(frozen=True, slots=True)
class AttributeImportance:
    """How much worse losses are foretold without an attribute.

    Attributes:
        attribute: Its name.
        value: By how much the R² of the foretold losses falls once its values are shuffled, on units that the
            trees were not grown on. It can be more than one: a wrong value can mislead more than none.
        low: Lower bound of the interval.
        high: Upper bound.
    """

    attribute: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The error rate at one value, or in one range, of an attribute.

    Attributes:
        label: The value or range.
        where: The predicate that chooses it.
        n: Units.
        value: Share that fails, in [0, 1].
        low: Lower bound of its interval.
        high: Upper bound.
    """

    label: str
    where: str
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The error rate over one attribute.

    Attributes:
        attribute: Its name.
        points: One for each value or range that occurs, in order, the missing last.
        usual: The error rate of all units, in [0, 1].
    """

    attribute: str
    points: tuple[CurvePoint, ...]
    usual: float

    @property
    def worst(self) -> CurvePoint:
        """The value or range that hurts most for certain: the highest lower bound."""
        return max(self.points, key=lambda point: (point.low, point.value))

    @property
    def harm(self) -> float:
        """By how much the error rate there is above the usual one for certain; negative where it is not."""
        return self.worst.low - self.usual


def attribute_importance(
    axes: UnitAxes, failures: Failures, confirming: NDArray[np.bool_], *, confidence: float, seed: int
) -> tuple[AttributeImportance, ...]:
    """Rank attributes by what they add to a model of the loss.

    Gradient-boosted trees learn the loss (clipped at its 99 % quantile) from all attributes on one half of
    the units; on the other, each attribute's values are shuffled five times. The interval is that of a mean
    over units, or over what belongs together.

    Args:
        axes: The attributes.
        failures: The units.
        confirming: The half that the importance is measured on, shape (n,).
        confidence: Coverage of the intervals, in (0, 1).
        seed: Of trees and shuffles.

    Returns:
        Every attribute, the most important first; empty where there is nothing to learn.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "mining") from error
    random = np.random.default_rng(seed)
    grown, tried = (_some(half, most, random) for half, most in ((~confirming, _GROWN), (confirming, _TRIED)))
    loss = np.minimum(failures.loss, np.quantile(failures.loss, _CLIPPED))
    if not axes.axes or min(len(grown), len(tried)) < _FEWEST or np.ptp(loss[grown]) == 0:
        return ()
    columns = [_column(axis, random) for axis in axes.axes]
    values = np.stack([column for column, _ in columns], axis=1)
    trees = HistGradientBoostingRegressor(
        max_iter=_TREES,
        max_leaf_nodes=15,
        min_samples_leaf=max(5, min(50, len(grown) // 50)),
        learning_rate=0.1,
        early_stopping=False,
        categorical_features=[categorical for _, categorical in columns],
        random_state=seed,
    ).fit(values[grown], loss[grown])
    truth, given = loss[tried], values[tried]
    variance = float(truth.var()) or 1.0
    foretold = _Foretold(trees, given)
    before = (foretold.of(given) - truth) ** 2
    _, member = np.unique(failures.group[tried].astype(str), return_inverse=True)
    found = []
    for place, axis in enumerate(axes.axes):
        more = np.zeros(len(tried))
        for _ in range(_DRAWS):
            shuffled = given.copy()
            shuffled[:, place] = given[random.permutation(len(given)), place]
            more += ((foretold.of(shuffled) - truth) ** 2 - before) / _DRAWS
        mean, reach = _mean(more / variance, member, confidence)
        found.append(AttributeImportance(axis.name, mean, mean - reach, mean + reach))
    return tuple(sorted(found, key=lambda one: (-one.value, one.attribute)))


def curves(axes: UnitAxes, failures: Failures, confidence: float) -> tuple[Curve, ...]:
    """Give the error rate over each attribute, with intervals.

    Args:
        axes: The attributes.
        failures: The units.
        confidence: Coverage of each interval, in (0, 1).

    Returns:
        One for each attribute, the one with the most harmful value first.
    """
    _, member = np.unique(failures.group.astype(str), return_inverse=True)
    usual = float(failures.error.mean()) if len(failures) else 0.0
    independent = len(member) == int(member.max(initial=-1)) + 1
    found = [
        Curve(
            axis.name,
            tuple(_points(axis, failures.error, None if independent else member, confidence)),
            usual,
        )
        for axis in axes.axes
    ]
    return tuple(sorted((one for one in found if one.points), key=lambda one: (-one.harm, one.attribute)))


class _Foretold:
    """What trees foretell; where few rows are different, each is asked for once."""

    def __init__(self, trees: Any, rows: NDArray[np.float64]) -> None:
        self._trees = trees
        found = [np.unique(column, return_inverse=True) for column in rows.T]
        self._values = [values for values, _ in found]
        self._few = bool(prod(len(values) for values in self._values) < _DIFFERENT)

    def of(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Foretell the losses of rows, shape (n,), whose values are those of the first ones."""
        if not self._few:
            return np.asarray(self._trees.predict(rows))
        keys = np.zeros(len(rows), dtype=np.int64)
        for values, column in zip(self._values, rows.T, strict=True):
            keys = keys * len(values) + np.searchsorted(values, column)
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        return np.asarray(self._trees.predict(rows[first])[inverse])


def _points(
    axis: UnitAxis, error: NDArray[np.bool_], member: NDArray[np.int64] | None, confidence: float
) -> Sequence[CurvePoint]:
    found = []
    for cell, (label, where) in enumerate(zip(axis.values, axis.conditions, strict=True)):
        inside = np.flatnonzero(axis.cells == cell)
        if not len(inside):
            continue
        wrong = error[inside]
        share = float(wrong.mean())
        if member is None:
            low, high = wilson(int(wrong.sum()), len(inside), confidence)
        else:
            low, high = _grouped(wrong, member[inside], confidence)
        found.append(CurvePoint(label, where, len(inside), share, low, high))
    return found


def _grouped(wrong: NDArray[np.bool_], member: NDArray[np.int64], confidence: float) -> tuple[float, float]:
    _, place = np.unique(member, return_inverse=True)
    share = float(wrong.mean())
    sums = np.bincount(place, weights=(wrong - share) / len(wrong))
    units = len(sums)
    if units < 2:  # noqa: PLR2004 - one group says nothing about others
        return 0.0, 1.0
    error = float(np.sqrt((sums**2).sum() * units / (units - 1)))
    return wilson_from_error(share, error, units, confidence)


def _some(half: NDArray[np.bool_], most: int, random: np.random.Generator) -> NDArray[np.int64]:
    rows = np.flatnonzero(half)
    return rows if len(rows) <= most else np.sort(random.choice(rows, most, replace=False))


def _column(axis: UnitAxis, random: np.random.Generator) -> tuple[NDArray[np.float64], bool]:
    """Give the values that trees divide by, and whether they are without order; what is missing is NaN.

    What only annotations have is drawn for false positives: that it is not there says what they are.
    """
    last = len(axis.labels) - 1
    values, unordered = axis.numbers, False
    if values is None:
        values, unordered = np.where(axis.cells == last, np.nan, axis.cells), last > 1
    blind = np.flatnonzero(axis.cells < 0)
    known = np.flatnonzero(axis.cells >= 0)
    if len(blind) and len(known):
        values = values.astype(np.float64)
        values[blind] = values[random.choice(known, len(blind))]
    return values, unordered


def _mean(values: NDArray[Any], member: NDArray[np.int64], confidence: float) -> tuple[float, float]:
    mean = float(values.mean())
    sums = np.bincount(member, weights=(values - mean) / len(values))
    units = int((np.bincount(member) > 0).sum())
    if units < 2:  # noqa: PLR2004 - one group says nothing about others
        return mean, float("inf")
    return mean, t_score(confidence, units) * float(np.sqrt((sums**2).sum() * units / (units - 1)))

"""Metrics as functions of weighted sums over samples: the parts that all of them share.

A slice, a bootstrap replicate and a shard are all just weights. A group of metrics that need the same sums
names them once, as the rows of a sparse matrix, and turns each block of weights into values.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Additive",
    "Computed",
    "Group",
    "Key",
    "Samples",
    "Support",
    "divide",
    "stacked",
    "summing",
    "total",
]

#: Metric name, and class name or None for the value over all classes.
Key = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Computed:
    """A metric under R sets of weights.

    Attributes:
        values: float64, shape (R,); NaN where it is undefined under those weights.
        n: Samples that it rests on under weights of one: for recall of a class, the samples of the class.
        reason: Why it is undefined under weights of one; empty where it is defined.
    """

    values: NDArray[np.float64]
    n: int
    reason: str


@dataclass(frozen=True, slots=True)
class Support:
    """What a metric rests on under weights of one; see :class:`Computed`."""

    n: int
    reason: str = ""


class Group(Protocol):
    """Metrics on one choice of samples that are computed together."""

    def support(self) -> dict[Key, Support]:
        """Say what each metric rests on, and which have no value."""
        ...

    def values(self, weights: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the metrics that have a value.

        Args:
            weights: Shape (m, R): one row per sample.

        Returns:
            Each of shape (R,); NaN where a replicate leaves the metric undefined.
        """
        ...


class Additive(ABC):
    """Metrics that need nothing but weighted sums over samples: a :class:`Group`.

    Attributes:
        sums: The sums: a sparse matrix, shape (k, m), whose product with weights (m, R) gives them.
    """

    sums: Any

    @abstractmethod
    def support(self) -> dict[Key, Support]:
        """Say what each metric rests on, and which have no value."""

    @abstractmethod
    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the metrics that have a value from the sums, shape (k, R); see :meth:`Group.values`."""

    def values(self, weights: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute them under R sets of weights, shape (m, R); see :meth:`Group.values`."""
        return self.of_sums(self.sums @ weights)


class Samples(Protocol):
    """What one model did on n annotated images, as the metrics of a task need it."""

    def __len__(self) -> int:
        """Count the images."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the model's outputs."""
        ...

    @property
    def off_core(self) -> NDArray[np.float64] | None:
        """Share of each image's saliency outside of the core, shape (n,); None where none was explained."""
        ...

    def groups(self, index: NDArray[np.int64], metrics: Sequence[str], *, per_class: bool) -> list[Group]:
        """Prepare metrics on some of the images.

        Args:
            index: Which of the images, shape (m,).
            metrics: Names of metrics of the task, each once.
            per_class: Whether to give those that have a value for each class by class, too.
        """
        ...

    def confusion(self, index: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Count what was taken for what.

        Args:
            index: Which of the images, shape (m,).

        Returns:
            (truth code, prediction code, count) of every pair that occurs, sorted. The code behind the last
            class is the background of detections.
        """
        ...


def summing(
    rows: NDArray[np.int64], samples: NDArray[np.int64], amounts: NDArray[np.float64], shape: tuple[int, int]
) -> Any:
    """Build a sparse matrix whose product with weights (m, R) gives sums: one row per sum.

    Its product adds one sample after the other, whatever R is: a replicate's sums do not depend on which
    replicates are computed along with it, to the last bit.
    """
    from scipy.sparse import csr_array

    return csr_array((amounts, (rows, samples)), shape=shape)


def stacked(matrices: Sequence[Any]) -> Any:
    """Put sparse sums, shapes (k, m), one below the other."""
    from scipy.sparse import vstack

    return vstack(matrices, format="csr")


def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up rows one after the other, shapes (k, R) to (R,).

    The order of summation does not depend on R, as that of numpy's own sums does: see :func:`summing`.
    """
    if len(values) > values.shape[1]:  # the same order, and quicker for a tall array
        return np.asarray(np.cumsum(values, axis=0)[-1])
    result = np.zeros(values.shape[1])
    for row in values:
        result += row
    return result


def divide(
    numerator: NDArray[np.float64], denominator: NDArray[np.float64], *, otherwise: float = np.nan
) -> NDArray[np.float64]:
    """Divide, with ``otherwise`` where the denominator is not positive."""
    result: NDArray[np.float64] = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), otherwise)
    np.divide(numerator, denominator, out=result, where=denominator > 0)
    return result

"""Metrics of any task on any choice of samples, under any weights."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.registry import metric
from seatrial.metrics.sufficient import Computed, Group, Key, Samples, Support

__all__ = ["compute"]

#: Numbers in one block of weights: 16 MiB, so that a block and what is made of it stay in the cache.
_BLOCK = 2**21


def compute(
    samples: Samples,
    index: NDArray[np.int64],
    weights: NDArray[Any],
    metrics: Sequence[str],
    *,
    per_class: bool,
) -> dict[Key, Computed]:
    """Compute metrics on some samples under R sets of weights.

    Weights of ones give the reference tool's number (scikit-learn's, pycocotools'). A weight of k counts as
    k copies of the sample; so with a weight of 0 it is absent, and a class left without samples is absent
    from macro averages.

    Args:
        samples: All samples.
        index: Which of them, int64, shape (m,): row numbers in ``samples``.
        weights: Not negative, any real type, shape (R, m); column j weighs sample ``index[j]``.
        metrics: Names from :data:`seatrial.metrics.METRICS` that the task has.
        per_class: Whether to give those that have a value for each class by class, too, for all classes of
            the model.

    Returns:
        The value of each (metric, class), in the order of ``metrics`` and then of the classes; the class is
        None for the value over all classes. Each replicate's value is the same to the last bit whichever
        replicates are computed along with it.

    Raises:
        InputError: A metric is unknown.
        ValueError: The weights have another shape.
    """
    names = list(dict.fromkeys(metric(name).name for name in metrics))
    if weights.ndim != 2 or weights.shape[1] != len(index):  # noqa: PLR2004 — a matrix
        raise ValueError(f"expected weights of shape (R, {len(index)}), got {weights.shape}")
    groups = samples.groups(index, names, per_class=per_class) if len(index) else []
    support = {key: one for group in groups for key, one in group.support().items()}
    values = _evaluate(groups, support, weights)
    nowhere = np.full(len(weights), np.nan)
    result = {}
    for key in _keys(names, samples.classes if per_class else ()):
        one = support.get(key, Support(0, "no labelled sample"))
        result[key] = Computed(values.get(key, nowhere), one.n, one.reason)
    return result


def _evaluate(
    groups: Sequence[Group], support: dict[Key, Support], weights: NDArray[Any]
) -> dict[Key, NDArray[np.float64]]:
    """Compute replicate by replicate, a block of them at a time."""
    replicates, size = weights.shape
    values = {key: np.empty(replicates) for key, one in support.items() if not one.reason}
    step = max(1, _BLOCK // max(1, size))
    for start in range(0, replicates, step):
        part = slice(start, start + step)
        block = np.ascontiguousarray(weights[part].T, dtype=np.float64)
        for group in groups:
            for key, one in group.values(block).items():
                if key in values:
                    values[key][part] = one
    return values


def _keys(names: Sequence[str], classes: Sequence[str]) -> Iterator[Key]:
    for name in names:
        yield name, None
        if metric(name).per_class:
            yield from ((name, class_) for class_ in classes)

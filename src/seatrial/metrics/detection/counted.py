"""The truths that count, and means over the classes that have some."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.chosen import Chosen
from seatrial.metrics.sufficient import Key, Support, divide, total

if TYPE_CHECKING:
    from seatrial.metrics.detection.samples import DetectionSamples

__all__ = ["NO_FALSE_POSITIVES", "CountedTruths", "mean_over_classes"]

#: Why a metric that rests on false positives has no value on an object-level slice.
NO_FALSE_POSITIVES = (
    "a false positive has no annotation, so none can be told to be of this slice of objects: see recall"
)


class CountedTruths:
    """The truths of an area that count, by class, under any weights.

    Args:
        samples: All samples.
        chosen: Which of them.
        area: One of :data:`~seatrial.metrics.detection.matching.AREAS`.
    """

    def __init__(self, samples: "DetectionSamples", chosen: Chosen, area: str) -> None:
        self._classes = samples.classes
        self._what = "object" if area == "all" else f"{area} object"
        truths = samples.truths
        self._sums = chosen.sums(
            truths.label, truths.image, samples.ranked.counted[area], len(samples.classes)
        )
        self._count = self._sums.sum(axis=1).astype(np.int64)

    @property
    def sums(self) -> Any:
        """Name their sums by class: a sparse matrix, shape (K, m)."""
        return self._sums

    def support(self, metric: str, reason: str, *, per_class: bool) -> dict[Key, Support]:
        """Say what a metric rests on, unless there is a reason that it has no value."""
        everything = int(self._count.sum())
        missing = reason or ("" if everything else f"no {self._what} that counts")
        result: dict[Key, Support] = {(metric, None): Support(0 if missing else everything, missing)}
        if per_class:
            for name, count in zip(self._classes, self._count.tolist(), strict=True):
                absent = reason or ("" if count else f"no {self._what} of class {name!r} that counts")
                result[metric, name] = Support(0 if absent else count, absent)
        return result


def mean_over_classes(values: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average each replicate over its present classes, shapes (K, R) to (R,)."""
    return divide(total(np.where(present, values, 0.0)), present.sum(axis=0).astype(np.float64))

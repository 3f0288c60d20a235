"""Average recall as COCO defines it, under any weights of the images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.chosen import Chosen
from seatrial.metrics.detection.counted import CountedTruths, mean_over_classes
from seatrial.metrics.detection.matching import MAX_DETECTIONS, THRESHOLDS
from seatrial.metrics.sufficient import Additive, Key, Support, divide, stacked

if TYPE_CHECKING:
    from seatrial.metrics.detection.samples import DetectionSamples

__all__ = ["RECALLS", "AverageRecalls"]

#: Metric: area, and how many of the best predictions of each class and image count.
RECALLS: dict[str, tuple[str, int]] = {
    "ar_1": ("all", 1),
    "ar_10": ("all", 10),
    "ar_100": ("all", MAX_DETECTIONS),
    "ar_small": ("small", MAX_DETECTIONS),
    "ar_medium": ("medium", MAX_DETECTIONS),
    "ar_large": ("large", MAX_DETECTIONS),
}


class AverageRecalls(Additive):
    """COCO's average recall: the share of truths that are found, mean over IoU thresholds and classes.

    Args:
        samples: All samples.
        chosen: Which of them.
        metrics: Some of :data:`RECALLS`.
        per_class: Whether to give the value of each class, too.
    """

    def __init__(
        self, samples: "DetectionSamples", chosen: Chosen, metrics: Sequence[str], *, per_class: bool
    ) -> None:
        self._classes = samples.classes
        self._per_class = per_class
        ranked = samples.ranked
        label = np.repeat(np.arange(len(samples.classes)), np.diff(ranked.bounds))
        size = len(samples.classes)
        self._metrics = tuple(metrics)
        self._areas = tuple(dict.fromkeys(RECALLS[name][0] for name in metrics))
        self._truths = {area: CountedTruths(samples, chosen, area) for area in self._areas}
        found = []
        for name in metrics:
            area, most = RECALLS[name]
            times = np.where(ranked.rank < most, np.bitwise_count(ranked.hits[area]), 0)
            found.append(chosen.sums(label, ranked.image, times, size))
        self.sums = stacked([*(truths.sums for truths in self._truths.values()), *found])

    def support(self) -> dict[Key, Support]:
        """Say what each value rests on: the truths that count."""
        result: dict[Key, Support] = {}
        for name in self._metrics:
            result |= self._truths[RECALLS[name][0]].support(name, "", per_class=self._per_class)
        return result

    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the values from the sums."""
        parts = sums.reshape(len(self._areas) + len(self._metrics), len(self._classes), sums.shape[1])
        result: dict[Key, NDArray[np.float64]] = {}
        for name, found in zip(self._metrics, parts[len(self._areas) :], strict=True):
            there = parts[self._areas.index(RECALLS[name][0])]
            by_class = divide(found, there * len(THRESHOLDS))
            result[name, None] = mean_over_classes(by_class, there > 0)
            if self._per_class:
                result |= {(name, class_): by_class[code] for code, class_ in enumerate(self._classes)}
        return result

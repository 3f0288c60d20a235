"""Average precision as COCO defines it, under any weights of the images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import in_threads
from seatrial.metrics.detection.chosen import Chosen
from seatrial.metrics.detection.counted import NO_FALSE_POSITIVES, CountedTruths, mean_over_classes
from seatrial.metrics.detection.matching import THRESHOLDS
from seatrial.metrics.sufficient import Key, Support

if TYPE_CHECKING:
    from seatrial.metrics.detection.samples import DetectionSamples

__all__ = ["PRECISIONS", "AveragePrecisions"]

_EVERY = tuple(range(len(THRESHOLDS)))

#: Metric: area, and IoU thresholds by number.
PRECISIONS: dict[str, tuple[str, tuple[int, ...]]] = {
    "map_50_95": ("all", _EVERY),
    "map_50": ("all", (0,)),
    "map_75": ("all", (5,)),
    "map_small": ("small", _EVERY),
    "map_medium": ("medium", _EVERY),
    "map_large": ("large", _EVERY),
}

#: Predictions times replicates below which threads cost more than they bring.
_SMALL = 2**18


class AveragePrecisions:
    """COCO's average precision: over IoU thresholds, or at one; of all objects, or of an area.

    The mean over 101 recall levels of the best precision at that recall or above; the overall value is the
    mean over the classes that have a truth. Predictions are sorted and matched once for all choices of images
    and all weights; under weights of one the values are pycocotools'.

    Args:
        samples: All samples.
        chosen: Which of them.
        metrics: Some of :data:`PRECISIONS`.
        per_class: Whether to give the value of each class, too.
    """

    def __init__(
        self, samples: "DetectionSamples", chosen: Chosen, metrics: Sequence[str], *, per_class: bool
    ) -> None:
        self._classes = samples.classes
        self._chosen = chosen
        self._metrics = metrics
        self._per_class = per_class
        self._reason = "" if samples.false_positives else NO_FALSE_POSITIVES
        ranked = samples.ranked
        places = chosen.place[ranked.image]
        kept = np.flatnonzero(places >= 0)
        self._images = places[kept].astype(np.int32)
        self._bounds = np.searchsorted(kept, ranked.bounds)
        areas = {PRECISIONS[name][0] for name in metrics}
        self._hits = {area: ranked.hits[area][kept] for area in areas}
        self._skipped = {area: ranked.skipped[area][kept] for area in areas}
        self._truths = {area: CountedTruths(samples, chosen, area) for area in areas}

    def support(self) -> dict[Key, Support]:
        """Say what each value rests on: the truths that count."""
        result: dict[Key, Support] = {}
        for name in self._metrics:
            truths = self._truths[PRECISIONS[name][0]]
            result |= truths.support(name, self._reason, per_class=self._per_class)
        return result

    def values(self, weights: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the values under R sets of weights, shape (m, R)."""
        if self._reason:
            return {}
        of_images = self._chosen.weights(weights)
        result: dict[Key, NDArray[np.float64]] = {}
        for area, truths in self._truths.items():
            names = [name for name in self._metrics if PRECISIONS[name][0] == area]
            levels = sorted({level for name in names for level in PRECISIONS[name][1]})
            positives = truths.sums @ weights
            curves = self._curves(area, levels, of_images, positives)
            for name in names:
                wanted = PRECISIONS[name][1]
                by_class = curves[:, levels.index(wanted[0])].copy()
                for level in wanted[1:]:
                    by_class += curves[:, levels.index(level)]
                by_class /= len(wanted)
                result[name, None] = mean_over_classes(by_class, positives > 0)
                if self._per_class:
                    result |= {(name, class_): by_class[code] for code, class_ in enumerate(self._classes)}
        return result

    def _curves(
        self,
        area: str,
        levels: list[int],
        weights: NDArray[np.float64],
        positives: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Give the average precision of each class at each level, shape (K, T, R); NaN without a truth."""
        from seatrial.metrics.detection.precision_kernels import average_precisions

        replicates = weights.shape[1]
        curves = np.full((len(self._classes), len(levels), replicates), np.nan)
        wanted = np.array(levels)

        def compute(codes: NDArray[np.int64]) -> None:
            average_precisions(
                self._images,
                self._hits[area],
                self._skipped[area],
                self._bounds,
                codes,
                wanted,
                weights,
                positives,
                curves,
            )

        present = np.flatnonzero((positives > 0).any(axis=1))
        if len(self._images) * replicates <= _SMALL:
            compute(present)
        else:
            largest_first = present[np.argsort(-np.diff(self._bounds)[present], kind="stable")]
            in_threads(compute, list(largest_first[:, None]))
        return curves

"""Metrics at a frozen operating point: a least score and a least IoU."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.calibration import BINS, bin_of
from seatrial.metrics.detection.chosen import Chosen
from seatrial.metrics.detection.counted import NO_FALSE_POSITIVES, mean_over_classes
from seatrial.metrics.sufficient import Additive, Key, Support, divide, stacked, total

if TYPE_CHECKING:
    from seatrial.metrics.detection.samples import DetectionSamples

__all__ = ["OPERATING", "OperatingPoint"]

#: Metrics at the operating point; the calibration error uses its IoU alone.
OPERATING = ("precision", "recall", "f1", "fp_per_image", "ece")


class OperatingPoint(Additive):
    """Precision, recall, F1 and false positives per image at a least score and IoU; calibration at the IoU.

    Predictions find truths of their own class, best score first. Precision of a class is 0 where there are
    truths and no prediction; means run over the classes that have truths (recall) or either (precision, F1).

    The calibration error is that of Guo et al. (2017) over all predictions, whatever their score: the mean
    gap between the score and the share of predictions that find a truth, over 15 bins of equal width.

    Args:
        samples: All samples.
        chosen: Which of them.
        metrics: Some of :data:`OPERATING`.
        per_class: Whether to give the values of each class, too, but for ``ece``.
    """

    def __init__(
        self, samples: "DetectionSamples", chosen: Chosen, metrics: Sequence[str], *, per_class: bool
    ) -> None:
        self._classes = samples.classes
        self._metrics = metrics
        self._per_class = per_class
        self._score = samples.score
        self._reason = "" if samples.false_positives else NO_FALSE_POSITIVES
        truths, predictions, matched = samples.truths, samples.predictions, samples.operating
        size, said = len(samples.classes), predictions.score >= samples.score
        gaps = np.where(matched.judged, predictions.score - matched.hit, 0.0)
        one_kind = np.zeros(len(predictions), dtype=np.int64)
        images = np.arange(len(samples), dtype=np.int32)
        self.sums = stacked(
            [
                chosen.sums(predictions.label, predictions.image, matched.hit & said, size),
                chosen.sums(predictions.label, predictions.image, matched.false & said, size),
                chosen.sums(truths.label, truths.image, ~truths.ignored, size),
                chosen.sums(bin_of(predictions.score, BINS), predictions.image, gaps, BINS),
                chosen.sums(one_kind, predictions.image, matched.judged, 1),
                chosen.sums(np.zeros_like(images), images, np.ones(len(images)), 1),
            ]
        )

    def support(self) -> dict[Key, Support]:
        """Say what each value rests on: truths, predictions, both, or images."""
        sums = self.sums.sum(axis=1)
        found, mistaken, true, _, judged, images = self._parts(np.asarray(sums)[:, None])
        bases = {
            "precision": found + mistaken,
            "recall": true,
            "f1": true + mistaken,
            "fp_per_image": np.broadcast_to(images, true.shape),
        }
        result: dict[Key, Support] = {}
        for name in self._metrics:
            if name == "ece":
                result[name, None] = self._support(name, None, int(judged[0, 0]))
                continue
            counts = bases[name][:, 0].astype(np.int64)
            everything = int(images[0, 0]) if name == "fp_per_image" else int(counts.sum())
            if name == "precision" and not everything and true.any():
                result[name, None] = Support(0, self._reason)  # nothing is predicted: precision 0
            else:
                result[name, None] = self._support(name, None, everything)
            if self._per_class:
                for class_, count in zip(self._classes, counts.tolist(), strict=True):
                    result[name, class_] = self._support(name, class_, count)
        return result

    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the values from the sums."""
        found, mistaken, true, gaps, judged, images = self._parts(sums)
        result: dict[Key, NDArray[np.float64]] = {}
        for name in self._metrics:
            if name == "ece":
                result[name, None] = divide(total(np.abs(gaps)), judged[0])
                continue
            if name == "fp_per_image":
                by_class = divide(mistaken, images)
                result[name, None] = divide(total(mistaken), images[0])
            else:
                upper, lower = _ratio(name, found, mistaken, true)
                there = true if name == "recall" else true + mistaken
                by_class = divide(upper, lower)
                result[name, None] = mean_over_classes(np.where(lower > 0, by_class, 0.0), there > 0)
            if self._per_class:
                result |= {(name, class_): by_class[code] for code, class_ in enumerate(self._classes)}
        return result

    def _parts(self, sums: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        size = len(self._classes)
        return np.split(sums, np.cumsum([size, size, size, BINS, 1]))

    def _support(self, metric: str, class_: str | None, n: int) -> Support:
        if self._reason and metric != "recall":
            return Support(0, self._reason)
        if n:
            return Support(n)
        of_class = "" if class_ is None else f" of class {class_!r}"
        match metric:
            case "recall":
                return Support(0, f"no object{of_class} that counts")
            case "f1":
                return Support(0, f"no object{of_class} that counts, and none predicted")
            case "precision":
                return Support(0, f"no prediction{of_class} of score {self._score:g} or more")
            case _:
                return Support(0, f"no prediction{of_class}")


def _ratio(
    metric: str, found: NDArray[np.float64], mistaken: NDArray[np.float64], true: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    match metric:
        case "precision":
            return found, found + mistaken
        case "recall":
            return found, true
        case _:
            return 2 * found, found + true + mistaken

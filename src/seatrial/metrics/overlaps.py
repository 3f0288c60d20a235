"""Metrics of overlap: intersection over union, Dice coefficient, pixel accuracy, boundary IoU."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.segmentation import SegmentationSamples, expand
from seatrial.metrics.sufficient import Additive, Key, Support, divide, summing, total

__all__ = ["Overlaps"]

#: Pooled metrics, and the columns of ``areas`` they are made of: both, truth, prediction.
_POOLED = {"miou": slice(0, 3), "dice": slice(0, 3), "boundary_iou": slice(3, 6)}

_PER_IMAGE = "miou_per_image"

#: Number of the sum, place of the image and amount of each entry.
_Entries = tuple[NDArray[Any], NDArray[Any], NDArray[np.float64]]


class Overlaps(Additive):
    """Metrics of pixel counts: pooled over the images first, or computed by image and averaged.

    *Pooled* (``miou``, ``dice``, ``boundary_iou``): a class's pixels are summed over the images with their
    weights, then divided; the mean over the classes that occur (as truth or prediction in an image that is
    drawn) is the value overall. *Per image*: each image's IoU of each class that occurs in it; of a class,
    their mean over those images; overall, the mean over images of each image's mean over its classes. An
    image whose pixels are all void has no value and is left out.

    IoU is both / (truth + prediction - both), Dice 2 both / (truth + prediction); boundary IoU is the IoU of
    the bands along a class's boundaries in truth and prediction (Cheng et al. 2021, Boundary IoU, equation
    2).

    Args:
        samples: All images.
        index: Which of them, shape (m,).
        metrics: Names of metrics of segmentation.
        per_class: Whether to give those of classes, too.
    """

    def __init__(
        self,
        samples: SegmentationSamples,
        index: NDArray[np.int64],
        metrics: Sequence[str],
        *,
        per_class: bool,
    ) -> None:
        self._metrics = metrics
        self._classes = samples.classes
        self._per_class = per_class
        entries, self._image = expand(samples.places[:, 0], index, len(samples))
        self._areas, self._iou = samples.areas[entries], samples.ious[entries]
        #: codes of the classes that occur; the sums have one row for each
        self._present, self._row = np.unique(samples.places[entries, 1], return_inverse=True)
        self._size = len(index)
        #: which of all sums are a metric's own
        self._rows: dict[str, slice] = {}
        entries_of: list[_Entries] = []
        height = 0
        for name in metrics:
            parts, own = self._prepare(name)
            self._rows[name] = slice(height, height + own)
            entries_of += [(height + rows, images, amounts) for rows, images, amounts in parts]
            height += own
        rows, columns, amounts = (np.concatenate(one) for one in zip(*entries_of, strict=True))
        self.sums = summing(rows, columns, amounts, (height, self._size))

    def support(self) -> dict[Key, Support]:
        """Say what each metric rests on: the images in which there is something to overlap."""
        images = len(np.unique(self._image))
        overall = Support(images) if images else Support(0, "no pixel that is not void")
        result: dict[Key, Support] = dict.fromkeys(((name, None) for name in self._metrics), overall)
        edged = self._areas[:, 4] + self._areas[:, 5] > 0
        if "boundary_iou" in self._metrics and images:
            bounded = len(np.unique(self._image[edged]))
            result["boundary_iou", None] = _support(bounded, "no class has a boundary")
        if not self._per_class:
            return result
        row_of = {code: row for row, code in enumerate(self._present.tolist())}
        for code, name in enumerate(self._classes):
            own = self._row == row_of.get(code, -1)
            occurs = _support(int(own.sum()), f"no pixel of class {name!r} and none predicted as it")
            bounded = int((own & edged).sum())
            for one in self._metrics:
                if one == "boundary_iou" and not occurs.reason:
                    result[one, name] = _support(bounded, f"class {name!r} has no boundary")
                elif one != "pixel_accuracy":
                    result[one, name] = occurs
        return result

    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the metrics from the sums, shape (sums of all metrics, R)."""
        result: dict[Key, NDArray[np.float64]] = {}
        for name in self._metrics:
            own = sums[self._rows[name]]
            if name == "pixel_accuracy":
                result[name, None] = divide(own[0], own[1])
                continue
            if name == _PER_IMAGE:
                result[name, None] = divide(own[-2], own[-1])
                by_class = divide(*own[:-2].reshape(2, len(self._present), own.shape[1]))
            else:
                by_class = _overlap(name, own.reshape(3, len(self._present), own.shape[1]))
                result[name, None] = _mean_of_known(by_class)
            if self._per_class:
                result |= {
                    (name, self._classes[code]): by_class[row]
                    for row, code in enumerate(self._present.tolist())
                }
        return result

    def _prepare(self, name: str) -> tuple[list[_Entries], int]:
        """Give what each metric's sums are made of, and how many sums it has: one class after the other."""
        row, image, k = self._row, self._image, len(self._present)
        if name == "pixel_accuracy":
            nothing = np.zeros_like(row)
            return [(nothing, image, self._areas[:, 0]), (nothing + 1, image, self._areas[:, 1])], 2
        if name == _PER_IMAGE:
            among = np.bincount(image, minlength=self._size)
            images = np.flatnonzero(among)
            means = np.bincount(image, weights=self._iou, minlength=self._size)[images] / among[images]
            overall = np.full_like(images, 2 * k)
            parts = [(row, image, self._iou), (k + row, image, np.ones_like(self._iou))]
            parts += [(overall, images, means), (overall + 1, images, np.ones_like(means))]
            return parts, 2 * k + 2
        areas = self._areas[:, _POOLED[name]].T
        return [(number * k + row, image, area) for number, area in enumerate(areas)], 3 * k


def _mean_of_known(by_class: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the classes that have a value, shapes (k, R) to (R,)."""
    known = np.isfinite(by_class)
    return divide(total(np.where(known, by_class, 0.0)), known.sum(axis=0).astype(np.float64))


def _overlap(name: str, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each class's overlap from its sums (both, truth, prediction); NaN where it has none."""
    both, truth, prediction = sums
    if name == "dice":
        return divide(2 * both, truth + prediction)
    return divide(both, truth + prediction - both)


def _support(n: int, reason: str) -> Support:
    return Support(n) if n else Support(0, reason)

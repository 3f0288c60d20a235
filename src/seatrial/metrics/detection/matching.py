"""Predictions matched to truths and sorted by score, once for all slices and replicates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.objects import Predictions, Truths
from seatrial.metrics.detection.overlap import Meetings

__all__ = ["AREAS", "MAX_DETECTIONS", "THRESHOLDS", "Matched", "Ranked"]

#: COCO's IoU thresholds, .50 to .95, as pycocotools rounds them.
THRESHOLDS = np.linspace(0.5, 0.95, 10)

#: COCO's areas in square pixels, both ends included: all, small, medium, large.
AREAS: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e5**2),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e5**2),
}

#: Predictions of one class and image that count, the best.
MAX_DETECTIONS = 100

_ALL_LEVELS = np.uint16((1 << len(THRESHOLDS)) - 1)


@dataclass(frozen=True, slots=True)
class Matched:
    """What each prediction finds at one IoU, of its own class or of any.

    Attributes:
        truth: Number of the truth that it finds, which may be an ignored one, int64, shape (p,); −1 where
            it finds none.
        hit: Whether that truth counts, bool, shape (p,).
        false: Whether it finds none and counts as a false positive, bool, shape (p,).
        rank: Place by score, from 0, among the predictions of its image, or of its image and class, int64,
            shape (p,).
    """

    truth: NDArray[np.int64]
    hit: NDArray[np.bool_]
    false: NDArray[np.bool_]
    rank: NDArray[np.int64]

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Say which predictions are right or wrong, shape (p,); the others are ignored."""
        return self.hit | self.false

    @classmethod
    def of(cls, truths: Truths, predictions: Predictions, *, iou: float, any_class: bool) -> "Matched":
        """Match, best score first.

        Predictions of a lower score never change what those of a higher one find: the same matching serves
        every least score.
        """
        from seatrial.metrics.detection.matching_kernels import match

        images = 0 if any_class else 1 + max(_largest(truths.image), _largest(predictions.image))
        meetings = Meetings.of(_keys(predictions, images), predictions.score, _keys(truths, images))
        size = len(predictions)
        hits, ignored = np.zeros(size, np.uint16), np.zeros(size, np.uint16)
        partners = np.full(size, -1, dtype=np.int64)
        crowd, left_out = truths.crowd[meetings.truths], truths.ignored[meetings.truths]
        for part in meetings.overlaps(predictions, truths):
            level = np.array([iou])
            match(part.ious, part.groups, part.offsets, crowd, left_out, level, hits, ignored, partners)
        truth = np.full(size, -1, dtype=np.int64)
        met = partners >= 0
        truth[meetings.predictions[met]] = meetings.truths[partners[met]]
        hit = np.zeros(size, dtype=np.bool_)
        hit[meetings.predictions] = hits > 0
        rank = np.empty(size, dtype=np.int64)
        rank[meetings.predictions] = meetings.rank
        return cls(truth, hit, (truth < 0) & predictions.member, rank)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The predictions that COCO counts, by class and then in falling order of their scores.

    Equal scores stand in the order of the images and then of the predictions.

    Attributes:
        image: int32, shape (q,).
        bounds: Where the predictions of each class begin, and where the last ends, int64, shape (K + 1,).
        rank: Place among the predictions of its class and image, from 0, int64, shape (q,).
        hits: By area of :data:`AREAS`: bit t is set where it finds a truth that counts at threshold t,
            uint16, shape (q,).
        skipped: By area: bit t is set where it does not count, uint16, shape (q,).
        counted: By area: truths that count, bool, shape (t,).
    """

    image: NDArray[np.int32]
    bounds: NDArray[np.int64]
    rank: NDArray[np.int64]
    hits: dict[str, NDArray[np.uint16]]
    skipped: dict[str, NDArray[np.uint16]]
    counted: dict[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, truths: Truths, predictions: Predictions, classes: int) -> "Ranked":
        """Match at all thresholds, for all areas, and sort."""
        from seatrial.metrics.detection.matching_kernels import match

        images = 1 + max(_largest(truths.image), _largest(predictions.image))
        meetings = Meetings.of(_keys(predictions, images), predictions.score, _keys(truths, images))
        top = meetings.rank < MAX_DETECTIONS
        groups = meetings.groups.copy()
        groups[:, 1] = np.minimum(groups[:, 1], groups[:, 0] + MAX_DETECTIONS)
        meetings = Meetings(meetings.predictions, meetings.truths, groups, meetings.rank)
        crowd = truths.crowd[meetings.truths]
        counted = {name: ~truths.ignored & _within(truths.area, area) for name, area in AREAS.items()}
        out_of = {
            name: ~(predictions.member & _within(predictions.area, area))[meetings.predictions]
            for name, area in AREAS.items()
        }
        hits = {name: np.zeros(len(predictions), np.uint16) for name in AREAS}
        skipped = {name: np.where(out, _ALL_LEVELS, np.uint16(0)) for name, out in out_of.items()}
        unused = np.empty(len(predictions), dtype=np.int64)
        for part in meetings.overlaps(predictions, truths):
            for name in AREAS:
                left_out = ~counted[name][meetings.truths]
                match(
                    part.ious,
                    part.groups,
                    part.offsets,
                    crowd,
                    left_out,
                    THRESHOLDS,
                    hits[name],
                    skipped[name],
                    unused,
                )
        kept = np.flatnonzero(top)
        chosen = meetings.predictions[kept]
        label, image = predictions.label[chosen], predictions.image[chosen]
        order = np.lexsort((-predictions.score[chosen], label))
        return cls(
            image[order],
            np.searchsorted(label[order], np.arange(classes + 1)).astype(np.int64),
            meetings.rank[kept[order]],
            {name: bits[kept[order]] for name, bits in hits.items()},
            {name: bits[kept[order]] for name, bits in skipped.items()},
            counted,
        )


def _keys(objects: Truths | Predictions, images: int) -> NDArray[np.int64]:
    """Tell objects of different images apart, and of different classes unless ``images`` is 0."""
    return objects.label.astype(np.int64) * images + objects.image


def _largest(values: NDArray[np.int32]) -> int:
    return int(values.max(initial=-1))


def _within(areas: NDArray[np.float64], bounds: tuple[float, float]) -> NDArray[np.bool_]:
    return (areas >= bounds[0]) & (areas <= bounds[1])

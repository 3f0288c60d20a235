"""Generated populations with a known truth, from which test sets are drawn again and again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics import ClassificationSamples, Samples, compute
from seatrial.metrics.detection import DetectionSamples
from seatrial.metrics.detection.objects import Predictions, Truths
from seatrial.metrics.segmentation import SegmentationSamples

Key = tuple[str, str | None]

#: Images of one scene in the clustered populations.
SCENE = 10


@dataclass(frozen=True)
class Population:
    """Images that two models have judged, in scenes of so many.

    Attributes:
        candidate: What the candidate did on them.
        champion: What the champion did, which is a little better.
        scene: Images of one scene, one after the other; 1 where images are independent.
        keys: Metrics of interest, and class or None.
    """

    candidate: Samples
    champion: Samples
    scene: int
    keys: tuple[Key, ...]

    @cached_property
    def truth(self) -> tuple[dict[Key, float], dict[Key, float]]:
        """The metrics of both models over the whole population."""
        everything = np.arange(len(self.candidate))
        once = np.ones((1, len(everything)), dtype=np.uint8)
        ours, theirs = (self.compute(model, everything, once) for model in (self.candidate, self.champion))
        return (
            {key: float(ours[key].values[0]) for key in self.keys},
            {key: float(theirs[key].values[0]) for key in self.keys},
        )

    def compute(self, samples: Samples, index: NDArray[np.int64], weights: NDArray[Any]) -> dict[Key, Any]:
        """Compute the metrics on some images under some weights."""
        names = tuple(dict.fromkeys(name for name, _ in self.keys))
        per_class = any(class_ is not None for _, class_ in self.keys)
        return compute(samples, index, weights, names, per_class=per_class)

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Draw n images, scene after scene."""
        first = rng.integers(0, len(self.candidate) // self.scene, n // self.scene) * self.scene
        return (first[:, None] + np.arange(self.scene)).ravel()


def _luck(rng: np.random.Generator, n: int, scene: int) -> NDArray[np.float64]:
    """Give each image a standard normal number, half of whose variance its scene shares."""
    own = rng.normal(size=n)
    if scene == 1:
        return own
    return np.sqrt(0.5) * own + np.sqrt(0.5) * np.repeat(rng.normal(size=n // scene), scene)


def classification(rng: np.random.Generator, scene: int, size: int = 200_000) -> Population:
    """Three classes (50, 30, 20 %), right on about 88 %, overconfident."""
    truth = rng.choice(3, size, p=[0.5, 0.3, 0.2]).astype(np.int32)
    shared = np.stack([_luck(rng, size, scene) for _ in range(3)], axis=1)

    def model(skill: float) -> ClassificationSamples:
        evidence = 0.95 * shared + np.sqrt(1 - 0.95**2) * rng.normal(size=(size, 3))
        evidence[np.arange(size), truth] += skill
        scores = np.exp(2.5 * (evidence - evidence.max(axis=1, keepdims=True)))
        scores /= scores.sum(axis=1, keepdims=True)
        prediction = scores.argmax(axis=1).astype(np.int32)
        return ClassificationSamples(truth, prediction, scores, ("a", "b", "c"))

    names = ("accuracy", "f1", "auroc", "brier", "log_loss", "ece")
    keys = (*((name, None) for name in names), ("f1", "c"))
    return Population(model(2.05), model(2.15), scene, keys)


def detection(rng: np.random.Generator, scene: int, size: int = 20_000) -> Population:
    """Three classes, three objects an image; how many are missed or invented varies by image."""
    luck = _luck(rng, size, scene)
    image = np.repeat(np.arange(size, dtype=np.int32), rng.poisson(3, size))
    label = rng.choice(3, len(image), p=[0.6, 0.3, 0.1]).astype(np.int32)
    count = len(image)
    slot = np.arange(count) - np.searchsorted(image, image)
    box = np.stack([100.0 * slot, np.zeros(count), *rng.uniform(20, 60, (2, count))], axis=1)
    no, row = np.zeros(count, dtype=np.bool_), np.arange(count)
    truths = Truths(image, label, box, box[:, 2] * box[:, 3], no, no, None, row)
    ease, shift = rng.logistic(size=count), rng.exponential(size=count)
    false = np.repeat(np.arange(size, dtype=np.int32), rng.poisson(np.exp(-0.4 * luck)))

    def model(skill: float) -> DetectionSamples:
        found = skill + 0.8 * luck[image] + ease > 0
        moved = box[found].copy()
        moved[:, 0] += 0.12 * shift[found] * moved[:, 2]
        k, wrong = int(found.sum()), len(false)
        junk = np.stack([np.full(wrong, 5000.0), np.zeros(wrong), *rng.uniform(20, 60, (2, wrong))], axis=1)
        boxes = np.concatenate([moved, junk])
        scores = 1 / (1 + np.exp(-np.concatenate([rng.normal(1.2, 1, k), rng.normal(0, 1, wrong)])))
        predictions = Predictions(
            np.concatenate([image[found], false]),
            np.concatenate([label[found], rng.integers(0, 3, wrong)]).astype(np.int32),
            boxes,
            boxes[:, 2] * boxes[:, 3],
            scores,
            np.ones(k + wrong, dtype=np.bool_),
            None,
            np.arange(k + wrong),
        )
        return DetectionSamples(size, ("a", "b", "c"), truths, predictions)

    keys = (("map_50_95", None), ("map_50", None), ("map_50", "b"))
    return Population(model(1.0), model(1.3), scene, keys)


def segmentation(rng: np.random.Generator, scene: int, size: int = 100_000) -> Population:
    """Four classes in 100, 60, 30 and 15 % of the images, of different sizes, with false regions."""
    luck = _luck(rng, size, scene)
    occurs = rng.random((size, 4)) < np.array([1.0, 0.6, 0.3, 0.15])
    truth = np.rint(40_000 * rng.beta(1.2, 5, (size, 4))) * occurs
    false = np.rint(40_000 * rng.beta(1, 20, (size, 4))) * (rng.random((size, 4)) < 0.1)
    noise = rng.normal(0, 0.4, (size, 4))

    def model(skill: float) -> SegmentationSamples:
        share = 1 / (1 + np.exp(-(skill + 0.8 * luck[:, None] + noise + rng.normal(0, 0.2, (size, 4)))))
        both = np.rint(truth * share)
        prediction = np.rint(truth * (0.5 + share / 2)) + false
        places = np.argwhere(truth + prediction > 0)
        of = tuple(places.T)
        nothing = np.zeros(len(places))
        areas = np.stack([both[of], truth[of], prediction[of], nothing, nothing, nothing], axis=1)
        pairs = np.empty((0, 4), dtype=np.int64)
        return SegmentationSamples(("a", "b", "c", "d"), pairs, places, areas, size)

    keys = (("miou", None), ("miou_per_image", None), ("miou", "b"), ("miou", "d"))
    return Population(model(1.4), model(1.5), scene, keys)


POPULATIONS: dict[str, Callable[[np.random.Generator, int], Population]] = {
    "classification": classification,
    "detection": detection,
    "segmentation": segmentation,
}

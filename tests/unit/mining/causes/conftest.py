"""Evaluations of a classifier with embeddings in three heaps."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EXPLANATION_SCHEMA, EvaluationHeader, EvaluationTable, Explanations

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def classified():
    """Build an evaluation: each row is (label, prediction, embedding, probabilities)."""

    def build(
        rows, *, name="val", model="sha256:m", classes=CLASSES, scores=True, embeddings=True, **columns
    ):
        labels, predictions, vectors, probabilities = zip(*rows, strict=True)
        samples = pa.table(
            {
                "id": [f"{name}{row}" for row in range(len(rows))],
                "label": pa.array(labels, pa.string()),
                "prediction": pa.array(predictions, pa.string()),
                **columns,
            }
        )
        header = EvaluationHeader("classification", classes, "m", model, name, f"sha256:{name}", len(rows))
        return EvaluationTable(
            header,
            samples,
            np.array(probabilities, dtype=np.float32) if scores else None,
            np.array(vectors, dtype=np.float32) if embeddings else None,
        )

    return build


@pytest.fixture
def train(classified):
    """Forty cats around 0, forty dogs around 10, forty owls around 20."""
    rng = np.random.default_rng(0)
    rows = []
    for code, name in enumerate(CLASSES):
        sure = np.full(3, 0.01) + 0.97 * (np.arange(3) == code)
        rows += [(name, name, rng.normal(10 * code, 1, 4), sure) for _ in range(40)]
    marks = ["yes" if row < 36 else "no" for row in range(40)] + ["no"] * 80
    return classified(rows, name="train", mark=marks)


@pytest.fixture
def explained():
    """Build explanations from mappings of what is known."""

    def build(*rows):
        usual = {"drawn": True, "side": 2}
        table = pa.Table.from_pylist([{**usual, **row} for row in rows], EXPLANATION_SCHEMA)
        return Explanations(table, {"model_digest": "sha256:m"})

    return build

"""Evaluations of a small, real shape: text, numbers, true/false, missing values, groups, scores."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure


def build(
    n: int = 60,
    *,
    seed: int = 1,
    skill: float = 0.6,
    classes: Sequence[str] = ("cat", "dog", "owl"),
    scores: bool = True,
    groups: Sequence[str | None] | None = None,
    labels: Sequence[str | None] | None = None,
    failed: Sequence[str] = (),
    columns: dict[str, Any] | None = None,
    size: int | None = None,
    **header: Any,
) -> EvaluationTable:
    """Build an evaluation; the truth and the attributes do not depend on ``seed``, the predictions do."""
    truth_source, source = np.random.default_rng(0), np.random.default_rng(seed)
    truth = truth_source.integers(0, 3, n)
    names = ("cat", "dog", "owl")
    label = list(labels) if labels is not None else [names[code] for code in truth]
    probabilities = source.random((n, len(classes)))
    for row, name in enumerate(label):
        if name is not None:
            probabilities[row, classes.index(name)] += skill
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    best = probabilities.argmax(axis=1)
    table = pa.table(
        {
            "id": [f"i{row}" for row in range(n)],
            "uri": pa.nulls(n, pa.string()),
            "label": pa.array(label, pa.string()),
            "prediction": [classes[code] for code in best],
            "confidence": probabilities.max(axis=1),
            "loss": pa.nulls(n, pa.float64()),
            "group": pa.array(groups if groups is not None else [None] * n, pa.string()),
            "content": pa.nulls(n, pa.string()),
            "site": pa.array([["B7", "A1", None][code] for code in truth_source.integers(0, 3, n)]),
            "night": pa.array([bool(code) for code in truth_source.integers(0, 2, n)]),
            "brightness": truth_source.random(n),
            **(columns or {}),
        }
    )
    kept = [row for row in range(n) if f"i{row}" not in failed]
    fields = {"model": f"model-{seed}", "model_digest": f"sha256:{seed}", "dataset": "zoo"}
    fields |= {"dataset_digest": "sha256:zoo", **header}
    return EvaluationTable(
        EvaluationHeader(
            task="classification",
            classes=tuple(classes),
            dataset_size=size or n,
            failures=tuple(Failure(one, f"{one}.png", "truncated") for one in failed),
            **fields,
        ),
        table.take(pa.array(kept)),
        probabilities[kept].astype(np.float32) if scores else None,
    )


@pytest.fixture(scope="session")
def evaluation() -> Callable[..., EvaluationTable]:
    """Builds evaluations, see :func:`build`."""
    return build

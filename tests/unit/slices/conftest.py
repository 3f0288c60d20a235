"""Evaluations of a small, real shape: text, numbers, true/false, missing values, groups, scores."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EvaluationHeader, EvaluationTable, Failure
from seatrial.evaluation.pixels import PIXEL_SCHEMA


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


@pytest.fixture(scope="session")
def detections(detection_table) -> Callable[..., EvaluationTable]:
    """Builds evaluations of detectors: truths and attributes do not depend on ``seed``, predictions do."""

    def build(n: int = 24, *, seed: int = 1, **header: Any) -> EvaluationTable:
        truth_source, source = np.random.default_rng(0), np.random.default_rng(seed)
        images, classes = [f"i{row}" for row in range(n)], ("car", "bus")
        truths, found = [], []
        for image in images:
            for _ in range(truth_source.integers(0, 4)):
                size = truth_source.uniform(10, 90, 2)
                box = np.round([*truth_source.uniform(0, 200 - size), *size]).tolist()
                kind = classes[truth_source.integers(2)]
                hidden = bool(truth_source.integers(2))
                truths.append({"image": image, "class": kind, "box": box, "hidden": hidden})
                if source.random() < 0.8:
                    near = (np.array(box) + source.normal(0, 2, 4)).tolist()
                    found.append({"image": image, "class": kind, "box": near})
            if source.random() < 0.4:
                box = [*source.uniform(0, 100, 2).tolist(), 40.0, 40.0]
                found.append({"image": image, "class": classes[source.integers(2)], "box": box})
        table = detection_table(
            images,
            classes,
            truths,
            [one | {"score": float(source.random())} for one in found],
            width=[200.0] * n,
            height=[200.0] * n,
            site=[["B7", "A1", None][row % 3] for row in range(n)],
        )
        fields = {"model": f"model-{seed}", "model_digest": f"sha256:{seed}", "dataset": "street"}
        return replace(
            table, header=replace(table.header, **fields, dataset_digest="sha256:street", **header)
        )

    return build


@pytest.fixture(scope="session")
def segmentations() -> Callable[..., EvaluationTable]:
    """Builds evaluations of segmenters: truths and attributes do not depend on ``seed``, predictions do."""

    def build(n: int = 24, *, seed: int = 1, **header: Any) -> EvaluationTable:
        truth_source, source = np.random.default_rng(0), np.random.default_rng(seed)
        images, classes, rows = [f"i{row}" for row in range(n)], ("sky", "sea", "ship"), []
        for image in images:
            true = truth_source.integers(0, 90, 3)
            right = (true * source.uniform(0.5, 1, 3)).astype(int)
            for code, name in enumerate(classes):
                other = classes[(code + 1) % 3]
                edges = dict.fromkeys(("boundary_truth", "boundary_prediction"), int(true[code]) // 3)
                row = {"image": image, "label": name, "prediction": name, "pixels": int(right[code])}
                rows.append(row | edges | {"boundary_both": int(right[code]) // 3})
                rows.append(row | {"prediction": other, "pixels": int(true[code] - right[code])})
        samples = pa.table(
            {
                "id": images,
                "annotated": [True] * n,
                "group": pa.nulls(n, pa.string()),
                "site": [["B7", "A1", None][row % 3] for row in range(n)],
            }
        )
        fields = {"model": f"model-{seed}", "model_digest": f"sha256:{seed}", "dataset": "coast"}
        fields |= {"dataset_digest": "sha256:coast", "classes": classes, **header}
        pixels = pa.Table.from_pylist(rows, PIXEL_SCHEMA)
        return EvaluationTable(
            EvaluationHeader(task="segmentation", dataset_size=n, **fields), samples, pixels=pixels
        )

    return build

"""The ROC curve on Kubeflow's page: scikit-learn's, without an infinite threshold."""

import json

import numpy as np
import pyarrow as pa
import pytest
from kfp import dsl
from sklearn.metrics import roc_auc_score, roc_curve

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial_components.curve import show_curve


def _table(labels, scores, classes=("sound", "cracked")):
    header = EvaluationHeader("classification", classes, "m", "sha256:1", "d", "sha256:2", len(labels))
    samples = pa.table({"id": [str(n) for n in range(len(labels))], "label": pa.array(labels, pa.string())})
    matrix = (
        np.stack([1 - np.asarray(scores), scores], axis=1) if len(classes) == 2 else np.ones((len(labels), 3))
    )
    return EvaluationTable(header, samples, matrix.astype(np.float32))


def _points(table) -> np.ndarray:
    curve = dsl.ClassificationMetrics()
    show_curve(table, curve)
    found = curve.metadata.get("confidenceMetrics", [])
    names = ("falsePositiveRate", "recall", "confidenceThreshold")
    return np.array([[one[name] for name in names] for one in found]).reshape(-1, 3)


def test_curve_is_scikit_learns():
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 60)
    scores = np.round(generator.normal(truth, 1), 1).clip(-1, 2) / 3 + 1 / 3
    scores = scores.astype(np.float32).astype(np.float64)
    points = _points(_table(np.array(["sound", "cracked"])[truth], scores))
    fpr, tpr, thresholds = roc_curve(truth, scores, drop_intermediate=False)
    assert points[:, :2] == pytest.approx(np.stack([fpr, tpr], axis=1))
    assert points[1:, 2] == pytest.approx(thresholds[1:])


def test_every_number_can_be_drawn():
    points = _points(_table(["sound", "cracked"], [0.0, 1.0]))
    assert json.dumps(points.tolist(), allow_nan=False)
    assert points[0].tolist() == [0, 0, 1]


def test_long_curve_is_thinned_and_keeps_its_area():
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 2, 5000)
    scores = (generator.normal(truth, 1) + 4) / 9
    points = _points(_table(np.array(["sound", "cracked"])[truth], scores))
    assert len(points) <= 101
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(roc_auc_score(truth, scores), abs=0.002)


@pytest.mark.parametrize(
    "table",
    [
        _table(["sound", "sound"], [0.1, 0.2]),
        _table([None, None], [0.1, 0.2]),
        _table(["a", "b", "c"], [0.1, 0.2, 0.3], classes=("a", "b", "c")),
    ],
)
def test_there_is_no_curve_without_two_classes(table):
    assert len(_points(table)) == 0


def test_images_without_a_label_are_left_out():
    points = _points(_table(["sound", None, "cracked"], [0.1, 0.9, 0.8]))
    assert points[:, :2].tolist() == [[0, 0], [0, 1], [1, 1]]

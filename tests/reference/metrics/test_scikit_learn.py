"""Every classification metric is scikit-learn's, overall and on every slice, to 1e-12."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from seatrial.metrics import ClassificationSamples, compute, task_metrics

ALL = list(task_metrics("classification"))

WITHIN = 1e-12
UNDEFINED = float("nan")


def real_predictions(load: Callable, penalty: float) -> ClassificationSamples:
    """Train a real classifier and predict what it has not seen."""
    features, labels = load(return_X_y=True)
    train, test, train_labels, test_labels = train_test_split(
        features, labels, test_size=0.5, random_state=7, stratify=labels
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=2000))
    model.fit(train, train_labels)
    scores = np.float32(model.predict_proba(test)).astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)
    names = tuple(f"class {code}" for code in range(scores.shape[1]))
    return ClassificationSamples(
        test_labels.astype(np.int32), scores.argmax(axis=1).astype(np.int32), scores, names
    )


def random_predictions(seed: int, n: int, classes: int) -> ClassificationSamples:
    """Draw scores with ties, and truths that follow them loosely."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.dirichlet(np.full(classes, 0.5), n), 2) + 0.01
    scores /= scores.sum(axis=1, keepdims=True)
    truth = (scores.cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    names = tuple(f"class {code}" for code in range(classes))
    return ClassificationSamples(
        truth.astype(np.int32), scores.argmax(axis=1).astype(np.int32), scores, names
    )


SAMPLES = {
    "digits": lambda: real_predictions(load_digits, 0.01),
    "digits, overfitted": lambda: real_predictions(load_digits, 1e4),
    "breast cancer": lambda: real_predictions(load_breast_cancer, 0.1),
    "random binary": lambda: random_predictions(1, 300, 2),
    "random, 3 classes": lambda: random_predictions(2, 500, 3),
    "random, 40 classes": lambda: random_predictions(3, 400, 40),
    "random, more classes than samples": lambda: random_predictions(4, 30, 60),
}


@pytest.fixture(scope="module", params=SAMPLES)
def samples(request) -> ClassificationSamples:
    return SAMPLES[request.param]()


@pytest.fixture(scope="module")
def slices(samples) -> dict[str, np.ndarray]:
    """Everything, random parts, right and wrong alone, single classes, single samples."""
    rng = np.random.default_rng(11)
    n = len(samples)
    chosen = {"all": np.arange(n), "first": np.array([0]), "last two": np.array([n - 2, n - 1])}
    chosen |= {f"random {share}": np.flatnonzero(rng.random(n) < share) for share in (0.05, 0.3, 0.7)}
    chosen |= {"shuffled": rng.permutation(n), "half, shuffled": rng.permutation(n)[: n // 2]}
    chosen |= {"right": np.flatnonzero(samples.correct), "wrong": np.flatnonzero(~samples.correct)}
    chosen |= {f"of {code}": np.flatnonzero(samples.truth == code) for code in range(min(10, n))}
    chosen |= {f"not {code}": np.flatnonzero(samples.truth != code) for code in range(3)}
    chosen |= {f"taken for {code}": np.flatnonzero(samples.prediction == code) for code in range(3)}
    chosen["two classes"] = np.flatnonzero(samples.truth < 2)
    return {name: index.astype(np.int64) for name, index in chosen.items() if len(index)}


def refused(function: Callable, *arguments: object, **options: object) -> float:
    """Call scikit-learn; NaN where it raises, warns that the value is undefined, or gives NaN."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return float(function(*arguments, **options))
        except (ValueError, UserWarning):
            return UNDEFINED


def expected_overall(samples: ClassificationSamples, index: np.ndarray, weight: np.ndarray | None) -> dict:
    truth, prediction, scores = samples.truth[index], samples.prediction[index], samples.scores[index]
    codes = list(range(len(samples.classes)))
    macro = {"average": "macro", "zero_division": 0, "sample_weight": weight}
    if len(codes) == 2:
        area = refused(reference.roc_auc_score, truth, scores[:, 1], sample_weight=weight)
    else:
        area = refused(
            reference.roc_auc_score, truth, scores, multi_class="ovr", labels=codes, sample_weight=weight
        )
    return {
        "accuracy": reference.accuracy_score(truth, prediction, sample_weight=weight),
        "precision": reference.precision_score(truth, prediction, **macro),
        "recall": reference.recall_score(truth, prediction, **macro),
        "f1": reference.f1_score(truth, prediction, **macro),
        "log_loss": reference.log_loss(truth, scores, labels=codes, sample_weight=weight),
        "brier": reference.brier_score_loss(truth, scores, labels=codes, sample_weight=weight),
        "auroc": area,
    }


def expected_of_class(
    samples: ClassificationSamples, index: np.ndarray, code: int, weight: np.ndarray | None
) -> dict:
    truth, prediction, scores = samples.truth[index], samples.prediction[index], samples.scores[index]
    one = {"labels": [code], "average": None, "zero_division": np.nan, "sample_weight": weight}
    return {
        "precision": reference.precision_score(truth, prediction, **one)[0],
        "recall": reference.recall_score(truth, prediction, **one)[0],
        "f1": reference.f1_score(truth, prediction, **one)[0],
        "auroc": refused(reference.roc_auc_score, truth == code, scores[:, code], sample_weight=weight),
    }


def measured(samples: ClassificationSamples, index: np.ndarray, weight: np.ndarray | None = None) -> dict:
    weights = np.ones((1, len(index))) if weight is None else weight[None, :]
    found = compute(samples, index, weights, ALL, per_class=True)
    return {key: float(one.values[0]) for key, one in found.items()}


def test_overall_values_are_scikit_learns_on_every_slice(samples, slices):
    for name, index in slices.items():
        found = measured(samples, index)
        for metric, value in expected_overall(samples, index, None).items():
            assert found[metric, None] == pytest.approx(value, abs=WITHIN, rel=0, nan_ok=True), (name, metric)


def test_values_of_each_class_are_scikit_learns_on_every_slice(samples, slices):
    codes = range(min(12, len(samples.classes)))
    for name, index in slices.items():
        found = measured(samples, index)
        for code in codes:
            for metric, value in expected_of_class(samples, index, code, None).items():
                got = found[metric, samples.classes[code]]
                assert got == pytest.approx(value, abs=WITHIN, rel=0, nan_ok=True), (name, metric, code)


def test_weighted_values_are_scikit_learns(samples):
    rng = np.random.default_rng(13)
    index = np.arange(len(samples))
    for weight in (rng.random(len(index)) + 0.1, rng.integers(1, 5, len(index)).astype(np.float64)):
        found = measured(samples, index, weight)
        for metric, value in expected_overall(samples, index, weight).items():
            assert found[metric, None] == pytest.approx(value, abs=WITHIN, rel=0, nan_ok=True), metric
        for code in range(min(5, len(samples.classes))):
            for metric, value in expected_of_class(samples, index, code, weight).items():
                got = found[metric, samples.classes[code]]
                assert got == pytest.approx(value, abs=WITHIN, rel=0, nan_ok=True), (metric, code)


def test_a_bootstrap_replicate_is_scikit_learns_value_on_the_rows_that_it_draws(samples):
    rng = np.random.default_rng(17)
    index = np.flatnonzero(rng.random(len(samples)) < 0.8)
    weights = rng.poisson(1, (5, len(index))).astype(np.uint8)
    found = compute(samples, index, weights, ALL, per_class=True)
    for replicate, weight in enumerate(weights):
        drawn = np.repeat(index, weight)
        for metric, value in expected_overall(samples, drawn, None).items():
            got = found[metric, None].values
            if found[metric, None].reason == "":
                assert got[replicate] == pytest.approx(value, abs=WITHIN, rel=0, nan_ok=True), metric


def test_a_metric_has_no_value_exactly_where_it_gives_a_reason(samples, slices):
    for index in slices.values():
        found = compute(samples, index, np.ones((1, len(index))), ALL, per_class=True)
        for key, one in found.items():
            assert np.isnan(one.values[0]) == bool(one.reason), key


def test_confusion_is_scikit_learns_on_every_slice(samples, slices):
    codes = list(range(len(samples.classes)))
    for index in slices.values():
        expected = reference.confusion_matrix(samples.truth[index], samples.prediction[index], labels=codes)
        found = np.zeros_like(expected)
        for truth, prediction, count in samples.confusion(index):
            found[truth, prediction] = count
        assert np.array_equal(found, expected)


def test_calibration_error_is_that_of_scikit_learns_calibration_curve(samples, slices):
    for index in slices.values():
        correct, confidence = samples.correct[index], samples.confidences[index]
        accuracy_in_bin, confidence_in_bin = calibration_curve(correct, confidence, n_bins=15, pos_label=True)
        counts = np.bincount(np.searchsorted(np.linspace(0, 1, 16)[1:-1], confidence), minlength=15)
        share = counts[counts > 0] / len(index)
        expected = float((share * np.abs(accuracy_in_bin - confidence_in_bin)).sum())
        assert measured(samples, index)["ece", None] == pytest.approx(expected, abs=WITHIN, rel=0)

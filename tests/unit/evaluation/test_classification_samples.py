"""Whoever ran the model, an evaluation holds the same columns in the same order with the same loss."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import log_loss

from seatrial.evaluation import classification_samples
from seatrial.evaluation.classification import cross_entropy


def test_loss_is_the_cross_entropy_of_scikit_learn():
    rng = np.random.default_rng(0)
    scores = rng.dirichlet([1, 1, 1], 50).astype(np.float32)
    truth = rng.integers(0, 3, 50)
    exact = scores.astype(np.float64) / scores.sum(1, dtype=np.float64, keepdims=True)
    assert cross_entropy(scores, truth).mean() == pytest.approx(log_loss(truth, exact), rel=1e-7)


def test_loss_is_finite_where_the_probability_is_zero_and_absent_where_there_is_no_label():
    losses = cross_entropy(np.array([[0, 1], [1, 0], [1, 0]], dtype=np.float32), np.array([0, 0, -1]))
    assert losses[0] == pytest.approx(52 * np.log(2))
    assert losses[1] == 0
    assert not np.signbit(losses[1])
    assert np.isnan(losses[2])


def test_a_sure_mistake_costs_the_same_loss_as_in_the_log_loss_metric():
    images = pa.table({"id": ["a", "b"], "label": ["cat", None]})
    scores = np.array([[0, 1], [0, 1]], dtype=np.float32)
    samples = classification_samples(images, ("cat", "dog"), scores.argmax(1), None, scores)
    expected = log_loss([0], [[0.0, 1.0]], labels=[0, 1])
    assert samples.column("loss").to_pylist() == [pytest.approx(expected), None]


def test_reserved_columns_come_first_in_one_order():
    names = ("site", "content", "uri", "label", "group", "id")
    samples = classification_samples(
        pa.table({name: ["cat"] for name in names}), ("cat",), np.array([0]), None, None
    )
    first = ["id", "label", "prediction", "confidence", "loss", "group", "uri", "content"]
    assert samples.column_names == [*first, "site"]

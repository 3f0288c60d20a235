"""The columns that a classifier's evaluation adds to its images."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["classification_samples"]

_SMALLEST = float(np.finfo(np.float32).tiny)


def classification_samples(
    images: pa.Table,
    classes: tuple[str, ...],
    predictions: NDArray[np.int64],
    confidences: NDArray[np.float64] | None,
    scores: NDArray[np.float32] | None,
) -> pa.Table:
    """Put truth, prediction, confidence and loss beside the images.

    Args:
        images: Manifest rows, n of them, metadata and image properties included.
        classes: Class names in the order of the model's outputs.
        predictions: Predicted class codes, shape (n,).
        confidences: Confidence of each prediction, shape (n,), in [0, 1]; None where unknown.
        scores: Class probabilities, shape (n, classes); None where unknown.

    Returns:
        The ``samples`` of an evaluation table: reserved columns first, then the slice axes. ``loss`` is the
        cross-entropy −ln p(truth) in nats, with p at least the smallest normal float32.
    """
    rows = images.num_rows
    labels = images.column("label").to_pylist()
    names = np.array(classes, dtype=object)
    known = pa.nulls(rows, pa.float64()) if confidences is None else pa.array(confidences, pa.float64())
    columns = {
        "id": images.column("id"),
        "label": images.column("label"),
        "prediction": pa.array(names[predictions].tolist(), pa.string()),
        "confidence": known,
        "loss": _loss(labels, classes, scores),
    }
    rest = {name: images.column(name) for name in images.column_names if name not in columns}
    return pa.table(columns | rest)


def _loss(labels: list[str | None], classes: tuple[str, ...], scores: NDArray[np.float32] | None) -> pa.Array:
    if scores is None:
        return pa.nulls(len(labels), pa.float64())
    codes = {name: code for code, name in enumerate(classes)}
    truth = np.array([codes.get(label, -1) if label is not None else -1 for label in labels])
    picked = scores[np.arange(len(labels)), np.maximum(truth, 0)].astype(np.float64)
    loss = -np.log(np.maximum(picked, _SMALLEST)) + 0.0
    return pa.array(loss, pa.float64(), mask=truth < 0)

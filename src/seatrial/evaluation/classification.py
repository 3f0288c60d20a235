"""The columns that a classifier's evaluation adds to its images, whoever ran the model."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["classification_samples", "cross_entropy"]

#: Columns in front of the slice axes, in the order in which an evaluation holds them.
_FIRST = ("id", "label", "prediction", "confidence", "loss", "group", "uri", "content")


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
        The ``samples`` of an evaluation table: reserved columns first, then the slice axes.
    """
    names = pa.array(classes, pa.string())
    nothing = pa.nulls(images.num_rows, pa.float64())
    added = {
        "prediction": names.take(pa.array(predictions)),
        "confidence": nothing if confidences is None else pa.array(confidences, pa.float64()),
        "loss": nothing if scores is None else _loss(images.column("label").to_pylist(), classes, scores),
    }
    columns = {name: images.column(name) for name in images.column_names} | added
    order = [*(name for name in _FIRST if name in columns), *(name for name in columns if name not in _FIRST)]
    return pa.table({name: columns[name] for name in order}).combine_chunks()


def cross_entropy(scores: NDArray[np.float32], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cross-entropy −log p of each image's true class, in nats.

    Args:
        scores: Probabilities, shape (n, classes).
        truth: Class codes, shape (n,); −1 where the truth is not known.

    Returns:
        Shape (n,); NaN where the truth is not known. A probability below 2⁻⁵², or above one, is
        clipped to it, so a loss is at most 36.04.
    """
    known = truth >= 0
    chosen = scores[np.arange(len(scores)), np.where(known, truth, 0)].astype(np.float64)
    losses = -np.log(chosen.clip(np.finfo(np.float64).eps, 1.0))
    return np.where(known, losses + 0.0, np.nan)  # adding zero turns -0.0 into 0.0


def _loss(labels: list[str | None], classes: tuple[str, ...], scores: NDArray[np.float32]) -> pa.Array:
    codes: dict[str | None, int] = {name: code for code, name in enumerate(classes)}
    truth = np.array([codes.get(label, -1) for label in labels], dtype=np.int64)
    return pa.array(cross_entropy(scores, truth), pa.float64(), from_pandas=True)  # NaN becomes null

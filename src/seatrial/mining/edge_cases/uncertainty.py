"""How sure a model is of each image of a pool."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.mining.causes.evidence import normalised_entropy

__all__ = ["uncertainty", "uncertainty_of_confidences"]


def uncertainty(table: EvaluationTable) -> NDArray[np.float64] | None:
    """Give each image's uncertainty, in [0, 1].

    Classification: the entropy of the probabilities over that of equal ones. Detection: the most doubtful
    object, ``1 − |2·score − 1|``; 0 where nothing is found.

    Returns:
        Shape (n,); None for a segmentation, or where there are neither probabilities nor confidences.
    """
    if table.header.task == "detection" and table.objects is not None:
        return _of_objects(table)
    if table.header.task != "classification":
        return None
    if table.scores is not None:
        return normalised_entropy(table.scores)
    values = table.samples.column("confidence").cast(pa.float64()).to_numpy()
    return uncertainty_of_confidences(values, len(table.header.classes))


def uncertainty_of_confidences(confidences: NDArray[np.float64], classes: int) -> NDArray[np.float64] | None:
    """Give the uncertainty of predictions of which only the confidence is known.

    Args:
        confidences: Shape (n,), in [0, 1]; NaN where unknown.
        classes: How many there are.

    Returns:
        Shape (n,): 0 where the model is certain, 1 where it is as if drawn; None where a value is unknown.
    """
    if np.isnan(confidences).any():
        return None
    return np.asarray(((1 - confidences) * classes / max(classes - 1, 1)).clip(0, 1))


def _of_objects(table: EvaluationTable) -> NDArray[np.float64]:
    assert table.objects is not None
    predicted = table.objects.filter(pa.compute.equal(table.objects.column("role"), "prediction"))
    places = pa.compute.index_in(
        predicted.column("image"), value_set=table.samples.column("id").combine_chunks()
    )
    doubt = 1 - np.abs(2 * predicted.column("score").to_numpy().astype(np.float64) - 1)
    found = np.zeros(len(table), dtype=np.float64)
    np.maximum.at(found, places.to_numpy(), doubt)
    return found

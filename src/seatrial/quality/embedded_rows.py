"""The embeddings of a data set's images, as an evaluation left them, found again by row."""

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.quality.check import NotApplicableError
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.near import LEAST_ROWS
from seatrial.quality.near_duplicates import first_of_equals

__all__ = ["embedded_rows"]


def embedded_rows(
    data: MeasuredDataset, evaluation: EvaluationTable, what: str
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Give rows of readable images, of those that are equal to the pixel only the first, and their vectors.

    Args:
        data: The data set.
        evaluation: What a model did on it.
        what: What the data set is called in a reason to skip.

    Returns:
        Rows, shape (n,), ascending, and vectors, shape (n, width).

    Raises:
        NotApplicableError: The evaluation holds no embeddings, or of too few images.
    """
    if evaluation.embeddings is None:
        raise NotApplicableError(f"the evaluation of the {what} holds no embeddings")
    places = {one: place for place, one in enumerate(evaluation.samples.column("id").to_pylist())}
    ids = data.ids
    rows = [row for row in first_of_equals(data).tolist() if ids[row] in places]
    if len(rows) < LEAST_ROWS:
        raise NotApplicableError(
            f"the {what} has {len(rows)} different images with an embedding: expected at least {LEAST_ROWS}"
        )
    return np.array(rows, dtype=np.int64), evaluation.embeddings[[places[ids[row]] for row in rows]]

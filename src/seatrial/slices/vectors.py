"""Embeddings beside an evaluation, row for row, by the model that made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.neighbours import Embeddings

__all__ = ["Matrix", "Vectors"]

#: Vectors of n rows, float32, shape (n, width); NaN for a row without one.
Matrix = NDArray[np.float32]

#: Boxes are the same when their sides agree to so many decimals of a pixel.
_DECIMALS = 2


@dataclass(frozen=True)
class Vectors:
    """What slices in embedding space choose by.

    Attributes:
        images: By the digest of the model: one row for each of an evaluation's samples.
        objects: By the digest of the model: one row for each of its objects.
    """

    images: Mapping[str, Matrix] = field(default_factory=dict)
    objects: Mapping[str, Matrix] = field(default_factory=dict)

    @classmethod
    def of(cls, evaluation: EvaluationTable, others: Sequence[Embeddings] = ()) -> "Vectors":
        """Put embeddings beside an evaluation: its own, and those of other models.

        Args:
            evaluation: The evaluation.
            others: Of its images, or of its objects, which are found by image and box.

        Raises:
            InputError: Embeddings do not say which model made them.
        """
        images: dict[str, Matrix] = {}
        objects: dict[str, Matrix] = {}
        if evaluation.embeddings is not None:
            images[evaluation.header.model_digest] = evaluation.embeddings
        for one in others:
            digest = one.header.get("model_digest")
            if not isinstance(digest, str) or not digest:
                raise InputError("embeddings: expected a header with model_digest, which says what made them")
            if one.boxes is None:
                images[digest] = _by_image(evaluation, one)
            elif evaluation.objects is not None:
                objects[digest] = _by_box(evaluation.objects, one, one.boxes)
        return cls(images, objects)


def _by_image(evaluation: EvaluationTable, embeddings: Embeddings) -> Matrix:
    found = pc.index_in(
        evaluation.samples.column("id").cast(pa.string()).combine_chunks(),
        value_set=pa.array(embeddings.ids, pa.string()),
    )
    return _taken(embeddings, np.asarray(found.fill_null(-1).to_numpy(), dtype=np.int64))


def _by_box(objects: pa.Table, embeddings: Embeddings, boxes: NDArray[np.float64]) -> Matrix:
    sides = [objects.column(name).to_numpy() for name in ("x", "y", "width", "height")]
    wanted = np.round(np.stack(sides, axis=1).astype(np.float64), _DECIMALS)
    places = {
        (name, *box): row
        for row, (name, box) in enumerate(
            zip(embeddings.ids, map(tuple, np.round(boxes, _DECIMALS).tolist()), strict=True)
        )
    }
    names = objects.column("image").to_pylist()
    rows = [places.get((name, *box), -1) for name, box in zip(names, wanted.tolist(), strict=True)]
    return _taken(embeddings, np.array(rows, dtype=np.int64))


def _taken(embeddings: Embeddings, rows: NDArray[np.int64]) -> Matrix:
    if not len(embeddings):
        return np.full((len(rows), max(embeddings.width, 1)), np.nan, dtype=np.float32)
    found = embeddings.vectors[rows]
    if (rows < 0).any():
        found = np.where((rows < 0)[:, None], np.float32(np.nan), found)
    return found

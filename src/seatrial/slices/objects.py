"""Objects as samples: the attributes by which slices of level ``object`` choose them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.datasets import OBJECT_COLUMNS
from seatrial.errors import InputError, examples
from seatrial.slices.crowding import count_overlaps
from seatrial.slices.membership import Slice, fit, members
from seatrial.slices.predicate import parse
from seatrial.slices.spec import SliceSpec
from seatrial.slices.vectors import Matrix

__all__ = ["Objects", "object_columns"]

#: COCO's bounds of small, medium and large in square pixels.
_MEDIUM, _LARGE = 32**2, 96**2

#: A box that ends less than this many pixels from the image's edge touches it.
_EDGE = 1.0

#: Columns of an evaluation's objects that are no attributes.
_NO_ATTRIBUTES = frozenset({"mask", "role", "score"})

#: Columns of images that are no attributes of their objects.
_NOT_OF_OBJECTS = frozenset({"id", "uri", "content"})

#: What only an annotation says.
_OF_TRUTHS = frozenset({"annotation", "crowd", "ignore"})


@dataclass(frozen=True)
class Objects:
    """The objects of an evaluation, truths and predictions, with their attributes.

    Attributes:
        table: One row per row of the evaluation's ``objects``.
        image: Row of each object's image in the evaluation's ``samples``, shape (n,).
        counted: Truths that count: of annotated images, neither crowds nor ignored; bool, shape (n,).
        predicted: Predictions, bool, shape (n,).
        annotations: Attributes of annotations. Only truths have them, and who annotated an object and
            whether it is a crowd or ignored; predictions hold no value of these.
    """

    table: pa.Table
    image: NDArray[np.int64]
    counted: NDArray[np.bool_]
    predicted: NDArray[np.bool_]
    annotations: tuple[str, ...]

    @classmethod
    def of(cls, samples: pa.Table, objects: pa.Table) -> "Objects":
        """Derive the attributes of objects.

        Args:
            samples: The evaluation's images.
            objects: Its objects.

        Raises:
            InputError: An object is of no image of the evaluation.
        """
        found = pc.index_in(objects.column("image").cast(pa.string()), value_set=_ids(samples))
        if found.null_count:
            strange = objects.column("image").filter(found.is_null()).unique().to_pylist()
            raise InputError(
                f"the evaluation holds objects of images that it does not name: {examples(strange)}"
            )
        image = np.asarray(found.to_numpy(), dtype=np.int64)
        predicted = np.asarray(pc.equal(objects.column("role"), "prediction").to_numpy(), dtype=np.bool_)
        annotated = np.asarray(samples.column("annotated").to_numpy(), dtype=np.bool_)[image]
        left_out = np.zeros(len(image), dtype=np.bool_)
        for name in ("crowd", "ignore"):
            left_out |= np.asarray(objects.column(name).fill_null(False), dtype=np.bool_)
        own = [name for name in objects.column_names if name not in _NO_ATTRIBUTES]
        columns = {name: objects.column(name) for name in own}
        for name in _OF_TRUTHS:
            nothing = pa.scalar(None, columns[name].type)
            columns[name] = pc.if_else(pa.array(predicted), nothing, columns[name])
        columns = {**_derived(samples, objects, image, predicted), **columns}
        for name in samples.column_names:
            if name not in _NOT_OF_OBJECTS:
                values = samples.column(name).take(pa.array(image))
                columns[f"image_{name}" if name in columns else name] = values
        counted = ~predicted & annotated & ~left_out
        annotations = tuple(name for name in own if name not in OBJECT_COLUMNS)
        return cls(pa.table(columns), image, counted, predicted, annotations)

    def fit(self, specs: Mapping[str, SliceSpec]) -> dict[str, SliceSpec]:
        """Fit the bins of specifications to the truths that count; see :func:`seatrial.slices.fit`."""
        return fit(specs, self.truths)

    def members(
        self, fitted: Mapping[str, SliceSpec], vectors: Mapping[str, Matrix] | None = None
    ) -> list[Slice]:
        """Find the truths that count of every slice.

        Args:
            fitted: What :meth:`fit` gave.
            vectors: What clusters choose by: embeddings of each object by the digest of the model.

        Returns:
            Slices of level ``object``; their index names rows of :attr:`table`. An axis has a slice for each
            value that occurs among these truths.

        Raises:
            InputError: See :func:`seatrial.slices.members`.
        """
        rows = np.flatnonzero(self.counted)
        return [
            Slice(one.name, one.family, one.attributes, "object", rows[one.index])
            for one in members(
                fitted, self.truths, {name: matrix[rows] for name, matrix in (vectors or {}).items()}
            )[1:]
        ]

    def with_predictions(
        self, fitted: Mapping[str, SliceSpec], vectors: Mapping[str, Matrix] | None = None
    ) -> dict[str, NDArray[np.bool_]]:
        """Find all objects of every slice: truths, be they crowds or ignored, and predictions.

        A prediction is chosen by its own box and class and by its image. Where a specification asks for what
        only an annotation says, or for embeddings that not all predictions have, it is in no slice of it.

        Args:
            fitted: What :meth:`fit` gave.
            vectors: See :meth:`members`.

        Returns:
            Masks over the rows of :attr:`table` by the name of the slice; there may be further names, of
            values that only predictions have.
        """
        # values of predictions alone are no values of the axis
        lenient = {
            name: spec.model_copy(update={"max_values": len(self.image) + 1}) for name, spec in fitted.items()
        }
        # what has no vector is far from everything
        placed = {
            name: np.where(np.isnan(matrix), np.float32(np.inf), matrix)
            for name, matrix in (vectors or {}).items()
        }
        found = {}
        for one in members(lenient, self.table, placed)[1:]:
            mask = np.zeros(len(self.image), dtype=np.bool_)
            mask[one.index] = True
            found[one.name] = (
                mask if self.know_predictions(fitted[one.family], vectors) else mask & ~self.predicted
            )
        return found

    def know_predictions(self, spec: SliceSpec, vectors: Mapping[str, Matrix] | None = None) -> bool:
        """Whether predictions have all the attributes, and the vectors, that a specification chooses by."""
        if spec.cluster is not None and vectors is not None:
            there = vectors[spec.cluster.model][self.predicted]
            if np.isnan(there).any():
                return False
        named = [*(spec.by or ()), *(parse(spec.where).columns if spec.where is not None else ())]
        return not {*_OF_TRUTHS, *self.annotations} & set(named)

    @cached_property
    def truths(self) -> pa.Table:
        """The truths that count, with their attributes."""
        return self.table.filter(pa.array(self.counted))


def object_columns(samples: pa.Schema, objects: pa.Schema) -> pa.Schema:
    """Say which columns slices of level ``object`` can use, from an evaluation's columns alone."""
    return Objects.of(samples.empty_table(), objects.empty_table()).table.schema


def _ids(samples: pa.Table) -> pa.Array:
    return samples.column("id").cast(pa.string()).combine_chunks()


def _derived(
    samples: pa.Table, objects: pa.Table, image: NDArray[np.int64], predicted: NDArray[np.bool_]
) -> dict[str, pa.Array]:
    """Make attributes of boxes; see the slices reference for their definitions."""
    x, y, width, height, area = (
        np.asarray(objects.column(name).to_numpy(), dtype=np.float64)
        for name in ("x", "y", "width", "height", "area")
    )
    boxes = np.stack([x, y, width, height], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        aspect = width / height
    size = pa.array(["small", "medium", "large"]).take(pa.array(np.digitize(area, [_MEDIUM, _LARGE])))
    columns = {
        "size": size,
        "aspect": _numbers(np.where(np.isfinite(aspect), aspect, np.nan)),
        "crowding": pa.array(_crowding(image, boxes, predicted)),
    }
    if not {"width", "height"} <= set(samples.column_names):
        return columns
    full_width, full_height = (
        np.asarray(samples.column(name).cast(pa.float64()).to_numpy())[image] for name in ("width", "height")
    )
    near = (x < _EDGE) | (y < _EDGE)
    near |= (x + width > full_width - _EDGE) | (y + height > full_height - _EDGE)
    return columns | {
        "relative_area": _numbers(area / (full_width * full_height)),
        "center_x": _numbers((x + width / 2) / full_width),
        "center_y": _numbers((y + height / 2) / full_height),
        "touches_border": pa.array(near, mask=np.isnan(full_width) | np.isnan(full_height)),
    }


def _numbers(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, from_pandas=True)  # NaN is missing


def _crowding(
    image: NDArray[np.int64], boxes: NDArray[np.float64], predicted: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Count the other truths that overlap an object; one of those that a prediction overlaps is its own."""
    order = np.argsort(image, kind="stable")
    truths = order[~predicted[order]]
    crowding = np.zeros(len(image), dtype=np.int64)
    crowding[order] = count_overlaps(image[order], boxes[order], image[truths], boxes[truths])
    return np.maximum(crowding - 1, 0)

"""Slices of objects as they are measured: the truths of each, and both models looked at on them alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.metrics import DetectionSamples, Samples
from seatrial.slices.membership import Slice
from seatrial.slices.objects import Objects
from seatrial.slices.spec import SliceSpec
from seatrial.slices.vectors import Matrix

__all__ = ["ObjectLevel"]


@dataclass(frozen=True)
class ObjectLevel:
    """Slices of objects of one or two models' evaluations.

    Attributes:
        slices: The slices; their index names true objects that count, rows of the candidate's ``objects``.
        objects: The candidate's objects.
        masks: For each model, which of its objects are in each slice, by the slice's name.
        known: Families by whose attributes predictions are chosen, too.
    """

    slices: tuple[Slice, ...]
    objects: Objects
    masks: tuple[Mapping[str, NDArray[np.bool_]], ...]
    known: frozenset[str]

    @classmethod
    def of(
        cls,
        tables: Sequence[EvaluationTable],
        fitted: Mapping[str, SliceSpec],
        vectors: Sequence[Mapping[str, Matrix]] | None = None,
    ) -> "ObjectLevel":
        """Choose the objects of every slice.

        Args:
            tables: The candidate's evaluation, and a champion's with the same truths in the same order.
            fitted: Specifications of level ``object`` with fitted bins.
            vectors: What clusters choose by, for each of the evaluations.
        """
        views = [Objects.of(tables[0].samples, _objects(table)) for table in tables]
        placed = vectors or [{} for _ in views]
        slices = tuple(views[0].members(fitted, placed[0]))
        chosen = [view.with_predictions(fitted, one) for view, one in zip(views, placed, strict=True)]
        masks = tuple({one.name: found[one.name] for one in slices} for found in chosen)
        known = frozenset(name for name, spec in fitted.items() if views[0].know_predictions(spec, placed[0]))
        return cls(slices, views[0], masks, known)

    def models(self, one: Slice, models: Sequence[Samples]) -> tuple[Samples, ...]:
        """Look at the models on one slice alone."""
        return tuple(
            cast("DetectionSamples", model).at_objects(
                masks[one.name], false_positives=one.family in self.known
            )
            for model, masks in zip(models, self.masks, strict=True)
        )

    def images(self, one: Slice) -> NDArray[np.int64]:
        """Find the images in which a slice's truths are: rows of the evaluation's samples."""
        return np.unique(self.objects.image[one.index])

    def truths(self, one: Slice) -> dict[str, int]:
        """Count a slice's truths by class."""
        counts = self.objects.table.column("class").take(pa.array(one.index)).value_counts().to_pylist()
        return {count["values"]: count["counts"] for count in counts}


def _objects(table: EvaluationTable) -> pa.Table:
    assert table.objects is not None
    return table.objects

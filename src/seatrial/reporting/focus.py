"""Which samples lie in the slices that keep the candidate from going live."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.reporting.inputs import ReportInputs
from seatrial.slices import ALL, SliceSpec, Vectors, members
from seatrial.slices.objects import Objects

__all__ = ["focus_rows"]

_MOST = 24


def focus_rows(inputs: ReportInputs) -> dict[str, NDArray[np.int64]]:
    """Find the rows of the slices of blocking decisions, then of warnings that failed: 24 slices at most.

    Returns:
        Row numbers of the candidate's table, by slice, in the verdict's order; of a slice of objects, those
        of the images that hold them.
    """
    decisions = inputs.verdict.decisions
    concerned = [one for one in decisions if one.blocking]
    concerned += [one for one in decisions if one.outcome == "fail" and not one.blocking]
    families = {row.slice: row.family for row in inputs.slices.rows if row.slice != ALL}
    wanted = list(dict.fromkeys(one.slice for one in concerned if one.slice in families))[:_MOST]
    specs = {
        family: SliceSpec.model_validate(inputs.slices.slices[family])
        for family in dict.fromkeys(families[one] for one in wanted)
        if inputs.slices.slices and family in inputs.slices.slices
    }
    found = _rows(inputs.candidate, specs)
    return {name: found[name] for name in wanted if name in found}


def _rows(table: EvaluationTable, specs: Mapping[str, SliceSpec]) -> dict[str, NDArray[np.int64]]:
    """Find the rows of each slice; of a slice of objects, those of the images that hold them."""
    vectors = Vectors.of(table)
    # a place among embeddings that are not the model's own cannot be shown
    shown = {
        name: spec for name, spec in specs.items() if not spec.cluster or spec.cluster.model in vectors.images
    }
    of_images = {name: spec for name, spec in shown.items() if spec.level == "image"}
    of_objects = {name: spec for name, spec in shown.items() if spec.level == "object" and not spec.cluster}
    found = (
        {one.name: one.index for one in members(of_images, table.samples, vectors.images)}
        if of_images
        else {}
    )
    if of_objects and table.objects is not None:
        objects = Objects.of(table.samples, table.objects)
        found |= {one.name: np.unique(objects.image[one.index]) for one in objects.members(of_objects)}
    return found

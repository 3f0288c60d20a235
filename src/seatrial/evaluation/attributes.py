"""Attributes of the user's that are about what a model did."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seatrial.datasets import DatasetManifest
from seatrial.datasets.attributes import Attribute, attribute_columns, computed, truths_of
from seatrial.errors import InputError
from seatrial.evaluation.table import EvaluationTable
from seatrial.images import decode_codes

__all__ = ["with_predicted_attributes"]


def with_predicted_attributes(
    table: EvaluationTable, attributes: Sequence[Attribute], manifest: DatasetManifest
) -> EvaluationTable:
    """Add the attributes that need a prediction to an evaluation's samples.

    ``prediction`` is the class of a classification, with its ``confidence``; the list of predicted objects of
    a detection, as the truth's but with ``score``; the array of predicted class codes of a segmentation.

    Args:
        table: The evaluation.
        attributes: The attributes; those that need no prediction are left out.
        manifest: The data set, whose truths functions may ask for.

    Raises:
        InputError: An attribute is called like a column, fails on every sample, or gives values of different
            types.
    """
    chosen = [one for one in attributes if one.needs_model]
    if not chosen:
        return table
    taken = [one.name for one in chosen if one.name in table.samples.column_names]
    if taken:
        raise InputError(f"attribute {taken[0]!r} is called like a column of the evaluation: rename it")
    predictions, truth = _predictions(table), truths_of(manifest)
    rows = table.samples.to_pylist()
    places = {one["id"]: one.get("mask") for one in manifest.table.to_pylist()}
    values = [
        computed(chosen, row | {"mask": places[row["id"]]}, truth, predictions.get(row["id"], {}))
        for row in rows
    ]
    samples = table.samples
    for name, column in attribute_columns(chosen, values, [row["id"] for row in rows]).items():
        samples = samples.append_column(name, column)
    return replace(table, samples=samples)


def _predictions(table: EvaluationTable) -> Mapping[str, dict[str, Any]]:
    """Give what functions may ask for by the sample's id."""
    if table.masks is not None:
        return {one["image"]: {"prediction": decode_codes(one["mask"])} for one in table.masks.to_pylist()}
    if table.objects is None:
        columns = [
            "id",
            *(name for name in ("prediction", "confidence") if name in table.samples.column_names),
        ]
        return {one["id"]: one for one in table.samples.select(columns).to_pylist()}
    found: dict[str, dict[str, Any]] = {
        one: {"prediction": []} for one in table.samples.column("id").to_pylist()
    }
    for one in table.objects.to_pylist():
        if one["role"] == "prediction":
            found[one["image"]]["prediction"].append(one)
    return found

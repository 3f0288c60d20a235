"""Predictions made elsewhere, as an evaluation table."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest, DatasetSpec
from seatrial.datasets.options import check_options
from seatrial.datasets.tabular import column_text, read_table
from seatrial.digests import digest_lines
from seatrial.errors import InputError, examples
from seatrial.evaluation.classification import classification_samples
from seatrial.evaluation.table import EvaluationHeader, EvaluationTable

__all__ = ["imported_classification"]

_OPTIONS = ("id", "prediction", "confidence", "scores")


def imported_classification(spec: DatasetSpec, manifest: DatasetManifest, name: str) -> EvaluationTable:
    """Join a table of predictions to a data set.

    Args:
        spec: The file of predictions as ``predictions:FILE?key=value``. Options: ``id`` (column, default
            ``id``), ``prediction`` (column of class names, default ``prediction``), ``confidence`` (column
            in [0, 1], default ``confidence``, may be absent), ``scores`` (prefix of one column of
            probabilities per class, ``p_`` for ``p_cat``, ``p_dog``; then the prediction is the largest).
        manifest: What the predictions are of. Predictions of other images are left out.
        name: What to call the model.

    Raises:
        InputError: A column is absent, an image has no prediction or two, a prediction is not a class, or
            a probability is outside [0, 1]; the message names file, row and column.
    """
    check_options(spec, _OPTIONS)
    id_ = spec.options.get("id", "id")
    table = read_table(spec.path, names=(id_, spec.options.get("prediction", "prediction")))
    ids = column_text(spec.path, table, id_)
    rows = _rows_of(spec, ids, manifest.table.column("id").to_pylist())
    table = table.take(pa.array(rows))
    prefix = spec.options.get("scores")
    if prefix is not None:
        scores = _scores(spec, table, rows, prefix, manifest.classes)
        predictions, confidences = scores.argmax(axis=1), scores.max(axis=1).astype(np.float64)
    else:
        scores = None
        predictions = _predictions(spec, table, rows, manifest.classes)
        confidences = _confidences(spec, table, rows)
    model_digest = digest_lines(
        f"{one}\t{prediction}\t{confidence!r}"
        for one, prediction, confidence in zip(
            manifest.table.column("id").to_pylist(),
            predictions.tolist(),
            [None] * len(rows) if confidences is None else confidences.tolist(),
            strict=True,
        )
    )
    header = EvaluationHeader(
        task="classification",
        classes=manifest.classes,
        model=name,
        model_digest=model_digest,
        dataset=manifest.name,
        dataset_digest=manifest.digest,
        dataset_size=len(manifest),
    )
    samples = classification_samples(manifest.table, manifest.classes, predictions, confidences, scores)
    return EvaluationTable(header, samples, scores)


def _rows_of(spec: DatasetSpec, ids: list[str], wanted: list[str]) -> list[int]:
    where: dict[str, int] = {}
    for row, one in enumerate(ids):
        if where.setdefault(one, row) != row:
            raise InputError(
                f"{spec.path}, row {row + 1}: id {one!r} was predicted in row {where[one] + 1} already"
            )
    missing = [one for one in wanted if one not in where]
    if missing:
        raise InputError(
            f"{spec.path}: expected a prediction for each of {len(wanted)} images, "
            f"{len(missing)} have none: {examples(missing)}"
        )
    return [where[one] for one in wanted]


def _predictions(
    spec: DatasetSpec, table: pa.Table, rows: list[int], classes: tuple[str, ...]
) -> NDArray[np.int64]:
    column = spec.options.get("prediction", "prediction")
    codes = {name: code for code, name in enumerate(classes)}
    names = column_text(spec.path, table, column)
    for row, name in zip(rows, names, strict=True):
        if name not in codes:
            where = f"{spec.path}, row {row + 1}, column {column!r}"
            raise InputError(f"{where}: expected one of {examples(classes)}, got {name!r}")
    return np.array([codes[name] for name in names], dtype=np.int64)


def _confidences(spec: DatasetSpec, table: pa.Table, rows: list[int]) -> NDArray[np.float64] | None:
    column = spec.options.get("confidence", "confidence")
    if column not in table.column_names and "confidence" not in spec.options:
        return None
    return _probabilities(spec, table, rows, column)


def _scores(
    spec: DatasetSpec, table: pa.Table, rows: list[int], prefix: str, classes: tuple[str, ...]
) -> NDArray[np.float32]:
    columns = [_probabilities(spec, table, rows, f"{prefix}{name}") for name in classes]
    return np.stack(columns, axis=1).astype(np.float32)


def _probabilities(spec: DatasetSpec, table: pa.Table, rows: list[int], column: str) -> NDArray[np.float64]:
    if column not in table.column_names:
        raise InputError(f"{spec.path}: no column {column!r}; columns are {examples(table.column_names)}")
    kind = table.schema.field(column).type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise InputError(f"{spec.path}, column {column!r}: expected numbers in [0, 1], got {kind}")
    values = table.column(column).to_numpy().astype(np.float64)
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if wrong.size:
        first = int(wrong[0])
        where = f"{spec.path}, row {rows[first] + 1}, column {column!r}"
        raise InputError(f"{where}: expected a number in [0, 1], got {values[first]}")
    return np.asarray(values, dtype=np.float64)

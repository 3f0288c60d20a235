"""A DataFrame with predictions, as the files that Seatrial imports predictions from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError, examples

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["Columns", "Frame"]

#: Names that the files give to what a column is; other columns keep theirs.
_ID, _LABEL, _GROUP, _PREDICTION, _CONFIDENCE, _SCORES = (
    *("id", "label", "group", "prediction", "confidence"),
    "p_",
)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a DataFrame are.

    Attributes:
        id: Column of unique names of the samples; None for the frame's index.
        group: Column of what samples share (scene, patient, video); None where they are independent.
        metadata: Columns to slice by.
        classes: Class names in the order of the probabilities; None for the labels found, sorted.
    """

    id: str | None
    group: str | None
    metadata: tuple[str, ...]
    classes: tuple[str, ...] | None


class Frame:
    """Samples with their truth.

    Args:
        data: One row per sample.
        truth: The true class of each row.
        columns: What the columns are.

    Raises:
        InputError: A column is absent, or holds what cannot be metadata.
    """

    def __init__(self, data: "DataFrame", truth: Any, columns: Columns) -> None:
        named = [name for name in (columns.id, columns.group, *columns.metadata) if name is not None]
        if absent := [name for name in named if name not in data.columns]:
            found = examples(map(str, data.columns), most=12)
            raise InputError(f"data: expected the columns {examples(absent)}; columns are {found}")
        self._columns = columns
        self._ids = [str(one) for one in (data.index if columns.id is None else data[columns.id])]
        self._truth = list(truth)
        self._group = None if columns.group is None else [_text(one) for one in data[columns.group]]
        self._metadata = {name: _metadata(data, name) for name in columns.metadata}

    def write_truth(self, folder: Path, name: str) -> str:
        """Write the samples, and give the specification that reads them as a data set."""
        columns = {_ID: pa.array(self._ids, pa.string()), _LABEL: _column(self._truth, "targets")}
        options = f"image=&id={_ID}&label={_LABEL}&name={quote(name)}"
        if self._group is not None:
            columns[_GROUP] = pa.array(self._group, pa.string())
            options += f"&group={_GROUP}"
        if self._columns.classes is not None:
            options += f"&classes={quote(','.join(self._columns.classes))}"
        pq.write_table(pa.table(columns | self._metadata), folder / "data.parquet")
        return f"table:{folder / 'data.parquet'}?{options}"

    def write_predictions(self, file: Path, predicted: Any, confidence: Any = None) -> str:
        """Write predictions, and give what :mod:`seatrial.steps.import_predictions` reads.

        Args:
            file: Parquet file to write.
            predicted: Class names, shape (n,), or probabilities, shape (n, classes), in the order of the
                classes.
            confidence: Confidence of each class name in [0, 1]; None where it is not known.

        Raises:
            InputError: There are not as many predictions as samples, or as many columns as classes.
        """
        values = np.asarray(predicted)
        if len(values) != len(self._ids):
            raise InputError(f"predictions: expected {len(self._ids)}, one for each row, got {len(values)}")
        columns: dict[str, Any] = {_ID: pa.array(self._ids, pa.string())}
        options = f"id={_ID}&prediction={_PREDICTION}"
        if values.ndim > 1:
            classes = self._columns.classes or ()
            if values.shape[1:] != (len(classes),):
                raise InputError(
                    f"predictions of shape {values.shape}: expected one probability for each of "
                    f"{len(classes)} classes; name them, in the model's order, as 'classes'"
                )
            columns |= {f"{_SCORES}{name}": values[:, code] for code, name in enumerate(classes)}
            options = f"id={_ID}&scores={_SCORES}"
        else:
            columns[_PREDICTION] = _column(list(values), "predictions")
            if confidence is not None:
                columns[_CONFIDENCE] = np.asarray(confidence, dtype=np.float64)
                options += f"&confidence={_CONFIDENCE}"
        pq.write_table(pa.table(columns), file)
        return f"{file}?{options}"


def _text(value: Any) -> str | None:
    missing = value is None or value != value  # noqa: PLR0124 - NaN is the value that differs from itself
    return None if missing else str(value)


def _metadata(data: "DataFrame", name: str) -> pa.Array:
    return _column(
        data[name].tolist() if data[name].dtype == object else data[name].array, f"column {name!r}"
    )


def _column(values: Any, what: str) -> pa.Array:
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        told = str(error).splitlines()[0]
        raise InputError(
            f"{what}: expected text, numbers, truth values or dates of one kind: {told}"
        ) from error
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column

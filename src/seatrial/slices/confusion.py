"""What was taken for what on every slice: few columns, and many rows where there are many classes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, overload

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError

__all__ = ["ConfusionCell", "ConfusionCells", "Role"]

Role = Literal["candidate", "baseline"]

_TEXTS = ("slice", "model", "label", "prediction")
_SCHEMA = pa.schema([*((name, pa.string()) for name in _TEXTS), ("count", pa.int64())])

#: Rows that are turned into another form at a time.
_ROWS = 1 << 20


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """How often a model said ``prediction`` where ``label`` was true, on one slice; never zero times.

    Counts are of samples, of objects (where one of the two may be
    :data:`~seatrial.slices.report.BACKGROUND`), or of pixels.
    """

    slice: str
    model: Role
    label: str
    prediction: str
    count: int


class ConfusionCells(Sequence[ConfusionCell]):
    """Cells that are held as columns and made when they are asked for.

    Args:
        table: Columns ``slice``, ``model``, ``label``, ``prediction`` (text) and ``count``.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @classmethod
    def of(cls, cells: Iterable[ConfusionCell]) -> "ConfusionCells":
        """Take cells one by one; they are not held."""
        if isinstance(cells, cls):
            return cells
        names: list[dict[str, int]] = [{} for _ in _TEXTS]
        codes: list[list[int]] = [[] for _ in _TEXTS]
        parts: list[pa.Table] = []
        counts: list[int] = []
        for cell in cells:
            texts = (cell.slice, cell.model, cell.label, cell.prediction)
            for known, of_column, text in zip(names, codes, texts, strict=True):
                of_column.append(known.setdefault(text, len(known)))
            counts.append(cell.count)
            if len(counts) == _ROWS:
                parts.append(_encoded(codes, counts))
                codes, counts = [[] for _ in _TEXTS], []
        table = pa.concat_tables([*parts, _encoded(codes, counts)])
        columns = [
            pa.chunked_array(
                [
                    pa.DictionaryArray.from_arrays(chunk, pa.array(known, pa.string()))
                    for chunk in column.chunks
                ],
                pa.dictionary(pa.int32(), pa.string()),
            )
            for column, known in zip(table.columns[:-1], names, strict=True)
        ]
        return cls(pa.table([*columns, table.column("count")], names=_SCHEMA.names))

    @classmethod
    def read(cls, path: Path) -> "ConfusionCells":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: The file is absent or broken, or holds other columns.
        """
        try:
            table = pq.read_table(path, read_dictionary=list(_TEXTS))
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"cannot read {path}: {error}") from error
        if table.column_names != _SCHEMA.names:
            raise InputError(
                f"cannot read {path}: expected columns {_SCHEMA.names}, got {table.column_names}"
            )
        return cls(table)

    def write(self, path: Path) -> None:
        """Write a Parquet file."""
        with pq.ParquetWriter(path, _SCHEMA) as writer:
            for start in range(0, len(self), _ROWS):
                writer.write_table(self._table.slice(start, _ROWS).cast(_SCHEMA).combine_chunks())

    def __len__(self) -> int:
        return int(self._table.num_rows)

    @overload
    def __getitem__(self, place: int) -> ConfusionCell: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[ConfusionCell]: ...
    def __getitem__(self, place: int | slice) -> ConfusionCell | Sequence[ConfusionCell]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return _cell(self._table.slice(range(len(self))[place], 1))[0]

    def __iter__(self) -> Iterator[ConfusionCell]:
        for start in range(0, len(self), _ROWS):
            yield from _cell(self._table.slice(start, _ROWS))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(len(self))


def _encoded(codes: Sequence[Sequence[int]], counts: Sequence[int]) -> pa.Table:
    return pa.table(
        [*(pa.array(one, pa.int32()) for one in codes), pa.array(counts, pa.int64())], _SCHEMA.names
    )


def _cell(rows: pa.Table) -> list[ConfusionCell]:
    columns = (column.to_pylist() for column in rows.columns)
    return [ConfusionCell(*row) for row in zip(*columns, strict=True)]

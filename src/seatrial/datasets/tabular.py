"""Read Parquet, CSV and TSV files into Arrow, with errors that name file, row and column."""

from collections.abc import Collection
from pathlib import PurePosixPath

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from seatrial.datasets.vocabulary import label_text
from seatrial.errors import EmptyDatasetError, InputError, examples

__all__ = ["column_text", "read_table"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_SUFFIXES = (".parquet", ".pq", *_DELIMITERS)


def read_table(path: str, names: Collection[str | None] = ()) -> pa.Table:
    """Read a table by its suffix.

    Text files say nothing about types: columns of numbers, truth values and dates are recognised, except
    that numbers written with leading zeros (``007``) stay the text that they are.

    Args:
        path: Local path or fsspec URI of a ``.parquet``, ``.pq``, ``.csv`` or ``.tsv`` file.
        names: Columns that name something (an image, a class): in a text file they stay as they are
            written, ``true`` and ``2026-01-01`` too, except that fractions are numbers: ``3.0`` is 3.

    Raises:
        InputError: The file is absent, empty, of another kind, damaged, not UTF-8, or has two columns of
            one name.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"{path}: expected a file that ends in {', '.join(_SUFFIXES)}")
    try:
        with fsspec.open(path, "rb") as stream:
            if suffix in _DELIMITERS:
                table = _read_text(path, stream.read(), _DELIMITERS[suffix], names)
            else:
                table = pq.read_table(stream)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: not a readable {suffix[1:]} file: {str(error).splitlines()[0]}") from error
    if table.num_rows == 0:
        raise EmptyDatasetError(f"{path} is empty: expected at least one row")
    repeated = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: expected each column once, got {examples(repeated)} more than once")
    return table


def _read_text(path: str, data: bytes, delimiter: str, names: Collection[str | None]) -> pa.Table:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: expected UTF-8 text: {error.reason}") from error
    options = pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    table = pacsv.read_csv(pa.BufferReader(data), parse_options=options)
    doubtful = [field.name for field in table.schema if _may_be_text(field, names)]
    if not doubtful or len(set(table.column_names)) < table.num_columns:
        return table
    written = pacsv.read_csv(
        pa.BufferReader(data),
        parse_options=options,
        convert_options=pacsv.ConvertOptions(
            include_columns=doubtful, column_types=dict.fromkeys(doubtful, pa.string())
        ),
    )
    for name in doubtful:
        text, number = written.column(name), table.schema.get_field_index(name)
        if name in names or pc.any(pc.match_substring_regex(text, r"^[-+]?0\d")).as_py():
            kept = pc.if_else(pc.is_null(table.column(name)), pa.scalar(None, pa.string()), text)
            table = table.set_column(number, name, kept)
    return table


def _may_be_text(field: pa.Field, names: Collection[str | None]) -> bool:
    if pa.types.is_integer(field.type):
        return True
    known = pa.types.is_string(field.type) or pa.types.is_floating(field.type) or pa.types.is_null(field.type)
    return field.name in names and not known


def column_text(path: str, table: pa.Table, column: str) -> list[str]:
    """Read a column as text, every row of it.

    Raises:
        InputError: The column is absent, or a row has no value.
    """
    if column not in table.column_names:
        raise InputError(f"{path}: no column {column!r}; columns are {', '.join(table.column_names)}")
    values = [label_text(value) for value in table.column(column).to_pylist()]
    for row, value in enumerate(values, start=1):
        if value is None:
            raise InputError(f"{path}, row {row}, column {column!r}: expected a value, got nothing")
    return [value for value in values if value is not None]

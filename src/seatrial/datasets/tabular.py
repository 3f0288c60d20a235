"""Read Parquet, CSV and TSV files into Arrow, with errors that name file, row and column."""

from pathlib import PurePosixPath

import fsspec
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from seatrial.datasets.vocabulary import label_text
from seatrial.errors import InputError

__all__ = ["column_text", "read_table"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_SUFFIXES = (".parquet", ".pq", *_DELIMITERS)


def read_table(path: str) -> pa.Table:
    """Read a table by its suffix.

    Args:
        path: Local path or fsspec URI of a ``.parquet``, ``.pq``, ``.csv`` or ``.tsv`` file.

    Raises:
        InputError: The file is absent, empty, of another kind, or damaged.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"{path}: expected a file that ends in {', '.join(_SUFFIXES)}")
    try:
        with fsspec.open(path, "rb") as stream:
            if suffix in _DELIMITERS:
                table = pacsv.read_csv(
                    stream, parse_options=pacsv.ParseOptions(delimiter=_DELIMITERS[suffix])
                )
            else:
                table = pq.read_table(stream)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: not a readable {suffix[1:]} file: {str(error).splitlines()[0]}") from error
    if table.num_rows == 0:
        raise InputError(f"{path} is empty: expected at least one row")
    return table


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

"""A column of samples as distinct values and codes: what predicates compare and axes split by."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.spelling import unknown

__all__ = ["MISSING", "Attribute", "Kind", "format_number", "read_attribute"]

#: How a missing value is written in the name of a slice.
MISSING = "∅"

Kind = Literal["number", "text", "boolean", "time"]


@dataclass(frozen=True)
class Attribute:
    """One column, dictionary-encoded.

    Attributes:
        name: The column's name.
        kind: What its values are.
        values: Distinct values in ascending order, shape (k,): numbers in their own type, text as
            objects, booleans, times as integers in the column's unit.
        codes: Position of each row's value in ``values``, shape (n,); −1 where it is missing (null or NaN).
        type: The Arrow type of the column, which time literals are read as.
        write: Writes the values as the names of slices do.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    codes: NDArray[np.int64]
    type: Any
    write: Callable[[NDArray[Any]], tuple[str, ...]]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """How each value is written in the name of a slice, k of them; made when they are asked for."""
        return self.write(self.values)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Rows without a value, shape (n,)."""
        return self.codes < 0

    def spread(self, of_values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give each row what holds for its value; False where the value is missing.

        Args:
            of_values: Shape (k,), one entry per distinct value.

        Returns:
            Shape (n,), one entry per row.
        """
        return np.append(of_values, False)[self.codes]


def read_attribute(table: pa.Table, name: str, *, place: str = "") -> Attribute:
    """Encode a column of a table.

    Args:
        table: One row per sample.
        name: The column.
        place: Where the name was written, put before an error's message.

    Raises:
        InputError: There is no such column, or it holds lists, structures or bytes.
    """
    if name not in table.column_names:
        raise InputError(f"{place}{unknown('column', name, table.column_names)}")
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encode = _encoder(column.type)
    if encode is None:
        raise InputError(
            f"{place}column {name!r} holds {column.type}, which cannot be sliced by: "
            "expected numbers, text, true/false, dates or times"
        )
    return encode(name, column)


def format_number(value: float) -> str:
    """Write a number the shortest way that reads back as the same: ``0.1``, ``12000``, ``1e-07``.

    A float32 is written with the digits that a float32 needs.
    """
    text = str(value)
    if text in {"-0.0", "-0"}:
        return "0"
    return text.removesuffix(".0")


def _encoder(kind: Any) -> Callable[[str, pa.ChunkedArray], Attribute] | None:
    is_a = pa.types
    if is_a.is_null(kind) or is_a.is_string(kind) or is_a.is_large_string(kind) or is_a.is_string_view(kind):
        return _text
    if is_a.is_integer(kind) or is_a.is_floating(kind) or is_a.is_decimal(kind):
        return _number
    if is_a.is_boolean(kind):
        return _boolean
    if is_a.is_date(kind) or is_a.is_timestamp(kind):
        return _time
    return None


def _text(name: str, column: pa.ChunkedArray) -> Attribute:
    encoded = column.cast(pa.large_string()).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    values = np.array(encoded.dictionary.to_pylist(), dtype=object)
    codes = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values) + 1, dtype=np.int64)
    rank[order] = np.arange(len(values))
    rank[-1] = -1
    ordered = values[order]
    return Attribute(name, "text", ordered, rank[codes], column.type, _texts)


def _texts(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(text or '""' for text in values)


def _number(name: str, column: pa.ChunkedArray) -> Attribute:
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    missing = np.asarray(pc.is_null(column, nan_is_null=True))
    values, codes = _distinct(np.asarray(pc.fill_null(column, pa.scalar(0, column.type))), missing)
    if values.dtype.kind == "f":
        values = values + values.dtype.type(0)  # −0 and 0 are one value, written 0
    return Attribute(name, "number", values, codes, column.type, _numbers)


def _numbers(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(map(format_number, values))


def _boolean(name: str, column: pa.ChunkedArray) -> Attribute:
    missing = np.asarray(pc.is_null(column))
    values, codes = _distinct(np.asarray(pc.fill_null(column, False)), missing)
    return Attribute(name, "boolean", values, codes, column.type, _booleans)


def _booleans(values: NDArray[Any]) -> tuple[str, ...]:
    return tuple(str(one).lower() for one in values)


def _time(name: str, column: pa.ChunkedArray) -> Attribute:
    width = pa.int32() if pa.types.is_date32(column.type) else pa.int64()
    ticks = column.cast(width)
    missing = np.asarray(pc.is_null(ticks))
    values, codes = _distinct(np.asarray(pc.fill_null(ticks, pa.scalar(0, width))), missing)
    zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    kind = pa.timestamp(column.type.unit, "UTC") if zoned else column.type

    def times(values: NDArray[Any]) -> tuple[str, ...]:
        written = pa.array(values, type=width).cast(kind).cast(pa.string()).to_pylist()
        return tuple(map(_shorten, written))

    return Attribute(name, "time", values, codes, column.type, times)


def _shorten(written: str) -> str:
    """Drop the fraction of a second that holds only zeros, and a midnight."""
    zone = "Z" if written.endswith("Z") else ""
    whole, dot, fraction = written.removesuffix("Z").partition(".")
    kept = fraction.rstrip("0")
    return (whole + (dot + kept if kept else "")).removesuffix(" 00:00:00") + zone


def _distinct(values: NDArray[Any], missing: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    codes = np.full(len(values), -1, dtype=np.int64)
    known, codes[~missing] = np.unique(values[~missing], return_inverse=True)
    return known, codes

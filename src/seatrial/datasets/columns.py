"""Columns from the loose values of annotation files: one type a column, nothing lost."""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from seatrial.datasets.problems import Problems

__all__ = ["column_of", "columns_of"]


def column_of(values: Sequence[Any]) -> pa.Array:
    """Make a column of values as JSON, XML or YAML gives them.

    Booleans, whole numbers, numbers and text keep their type; what is mixed, a list or a mapping becomes
    text (JSON); None is missing.
    """
    kinds = {type(one) for one in values if one is not None}
    if kinds <= {bool}:
        return pa.array(values, pa.bool_() if kinds else pa.string())
    if kinds == {int} and all(abs(one) < 2**63 for one in values if one is not None):
        return pa.array(values, pa.int64())
    if kinds <= {int, float} and not any(isinstance(one, float) and math.isinf(one) for one in values):
        # what is not a number is missing
        return pa.array(
            [None if one is None else float(one) for one in values], pa.float64(), from_pandas=True
        )
    return pa.array([_text(one) for one in values], pa.string())


def columns_of(
    rows: Sequence[Mapping[str, Any]], taken: Collection[str], prefix: str, problems: Problems
) -> dict[str, pa.Array]:
    """Make the columns of all fields that occur in any row, sorted by name.

    Args:
        rows: Fields by name.
        taken: Names that other columns have; a field of such a name is renamed.
        prefix: What a renamed field's name begins with.
        problems: Where renamed fields are noted.
    """
    columns = {}
    for name in sorted(_names(rows)):
        column = f"{prefix}{name}" if name in taken else name
        if column != name:
            problems.add("field_renamed", f"{name!r} is {column!r}")
        columns[column] = column_of([row.get(name) for row in rows])
    return columns


def _names(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for row in rows for name in row}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)

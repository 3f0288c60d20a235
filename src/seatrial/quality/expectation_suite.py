"""Suites of Great Expectations: one proposed from the data, or the user's own."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial.images import PROPERTIES
from seatrial.quality.frames import columns_of, joined
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.options import CheckOptions

__all__ = ["check_columns", "propose_suite", "read_suite"]


def propose_suite(
    data: MeasuredDataset, reference: MeasuredDataset | None, options: CheckOptions
) -> dict[str, Any]:
    """Propose what the data set should satisfy.

    Always: ids are present and unique, every sample has an image (where any has); of a classification,
    every sample has a label, labels are classes. With a reference, for each of its metadata columns and
    image properties: the column is there; it is complete where the reference is; numbers stay in the
    reference's range and texts among its values for all but a small share (a few values beyond the
    extremes are natural).

    Returns:
        A suite as Great Expectations writes it to JSON.
    """
    expectations = [
        _expect("column_values_to_not_be_null", "critical", column="id"),
        _expect("column_values_to_be_unique", "critical", column="id"),
    ]
    if data.manifest.task == "classification":
        classes = list(data.manifest.classes)
        expectations += [
            _expect("column_values_to_not_be_null", "warning", column="label"),
            _expect("column_values_to_be_in_set", "critical", column="label", value_set=classes),
        ]
    if data.has_images:
        expectations.insert(2, _expect("column_values_to_not_be_null", "critical", column="uri"))
    if reference is not None:
        expectations += _like(joined(reference), has_images=data.has_images, options=options)
    return {"name": "proposed", "expectations": expectations}


def read_suite(path: Path) -> dict[str, Any]:
    """Read a user's suite, a JSON file as Great Expectations 1.x writes it.

    Raises:
        InputError: The file is absent, is not JSON, or is not a suite; the message names the expectation.
    """
    body = read_json(path)
    if not isinstance(body, dict) or not isinstance(body.get("expectations"), list):
        raise InputError(f"{path}: expected a suite, a JSON object with a list 'expectations'")
    if not body["expectations"]:
        raise InputError(f"{path}: the suite has no expectation")
    expectations = [_parsed(path, place, one) for place, one in enumerate(body["expectations"], start=1)]
    return {"name": str(body.get("name") or path.stem), "expectations": expectations}


def check_columns(suite: Mapping[str, Any], columns: Iterable[str], source: Path) -> None:
    """Refuse a suite that speaks of columns that the data set does not have.

    Raises:
        InputError: Names expectation, column and the columns that there are.
    """
    known = set(columns)
    for place, one in enumerate(suite["expectations"], start=1):
        if one["type"] == "expect_column_to_exist":
            continue
        named = [one["kwargs"].get(key) for key in ("column", "column_A", "column_B")]
        for column in [*named, *(one["kwargs"].get("column_list") or ())]:
            if column is not None and column not in known:
                raise InputError(
                    f"{source}, expectation {place} ({one['type']}): expected a column of the data set "
                    f"({', '.join(sorted(known))}), got {column!r}"
                )


def _parsed(path: Path, place: int, one: Any) -> dict[str, Any]:
    if not isinstance(one, dict) or not isinstance(one.get("kwargs", {}), dict):
        raise InputError(
            f"{path}, expectation {place}: expected an object with 'type' and 'kwargs', got {one!r}"
        )
    kind = one.get("type") or one.get("expectation_type")  # the latter is how suites before 1.0 said it
    if not isinstance(kind, str):
        raise InputError(
            f"{path}, expectation {place}: expected a 'type', e.g. expect_column_values_to_be_unique"
        )
    return {
        "type": kind,
        "kwargs": dict(one.get("kwargs", {})),
        "meta": one.get("meta") or {},
        "severity": one.get("severity") or "critical",
    }


def _expect(kind: str, severity: str, **kwargs: Any) -> dict[str, Any]:
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": {}, "severity": severity}


def _like(reference: pa.Table, *, has_images: bool, options: CheckOptions) -> list[dict[str, Any]]:
    columns = columns_of(reference, metadata_only=True)
    mostly = options.expectations_mostly
    expectations = []
    for name in (*columns.numeric, *columns.categorical):
        if name in PROPERTIES and not has_images:
            continue
        values = reference.column(name)
        expectations.append(_expect("column_to_exist", "critical", column=name))
        if values.null_count == 0:
            expectations.append(_expect("column_values_to_not_be_null", "warning", column=name))
        if name in columns.numeric:
            expectations += _range(name, values, mostly)
        else:
            expectations += _vocabulary(name, values, mostly, options.drift_max_values)
    return expectations


def _range(name: str, values: pa.ChunkedArray, mostly: float) -> list[dict[str, Any]]:
    numbers = values.drop_null().to_numpy().astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if numbers.size == 0:
        return []
    low, high = float(numbers.min()), float(numbers.max())
    return [
        _expect(
            "column_values_to_be_between",
            "warning",
            column=name,
            min_value=low,
            max_value=high,
            mostly=mostly,
        )
    ]


def _vocabulary(name: str, values: pa.ChunkedArray, mostly: float, most: int) -> list[dict[str, Any]]:
    distinct = sorted(pc.unique(values.drop_null()).to_pylist())
    if not 0 < len(distinct) <= most:
        return []
    return [_expect("column_values_to_be_in_set", "warning", column=name, value_set=distinct, mostly=mostly)]

"""Suites of Great Expectations that are proposed from data."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seatrial.images import PROPERTIES
from seatrial.quality.frames import Columns, columns_of, joined, objects_joined
from seatrial.quality.id_forms import id_form
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.options import CheckOptions

__all__ = ["OBJECTS", "SAMPLES", "propose_suite"]

#: The tables that an expectation can be about, as its ``meta`` says under ``table``.
SAMPLES, OBJECTS = "samples", "objects"

_Expectation = dict[str, Any]

#: How pandas calls the types that a number or a text may be of.
_TYPES = {
    "numeric": [
        "float64",
        "float32",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint64",
        "uint32",
        "uint16",
        "uint8",
    ],
    "text": ["str"],
    "truth": ["bool"],
}


def propose_suite(
    data: MeasuredDataset,
    reference: MeasuredDataset | None,
    options: CheckOptions,
    *,
    to_keep: bool = False,
) -> dict[str, Any]:
    """Propose what a data set should satisfy.

    Always: ids are present and unique, every sample has an image (where any has); every sample has its truth
    and labels are classes; boxes have an area and annotation ids are unique. With a reference, for each of
    its metadata columns, image properties and annotation attributes: the column is there and of its type; it
    is complete where the reference is, and otherwise about as complete; numbers stay in the reference's range
    and texts among its values for all but a small share (a few values beyond the extremes are natural).

    Args:
        data: The data set that has to satisfy it; the reference itself where the suite is to be kept.
        reference: What the data set should be like.
        options: Thresholds.
        to_keep: Propose also what is true of data sets of the same source and about the same size: the number
            of samples, of samples or objects of each class, and the form of the ids.

    Returns:
        A suite as Great Expectations writes it to JSON; an expectation about objects says so in its ``meta``.
    """
    expectations = [*_always(data), *_objects_always(data)]
    if reference is not None:
        table = joined(reference)
        kinds = columns_of(table, metadata_only=True)
        if not data.has_images:
            kinds = Columns(tuple(one for one in kinds.numeric if one not in PROPERTIES), kinds.categorical)
        expectations += _like(table, kinds, options, SAMPLES)
        expectations += _kept_ids(table, options) if to_keep else []
        expectations += _counts(reference, options) if to_keep else []
        if reference.manifest.objects is not None and data.manifest.objects is not None:
            objects = objects_joined(reference)
            expectations += _like(objects, columns_of(objects, metadata_only=True), options, OBJECTS)
    return {"name": "proposed", "expectations": expectations}


def _always(data: MeasuredDataset) -> list[_Expectation]:
    found = [
        _expect("column_values_to_not_be_null", "critical", column="id"),
        _expect("column_values_to_be_unique", "critical", column="id"),
    ]
    if data.has_images:
        found.append(_expect("column_values_to_not_be_null", "critical", column="uri"))
    match data.manifest.task:
        case "classification":
            found += _class_names(data, "label", SAMPLES)
            found.insert(-1, _expect("column_values_to_not_be_null", "warning", column="label"))
        case "detection":
            found.append(
                _expect("column_values_to_be_in_set", "warning", column="annotated", value_set=[True])
            )
        case "segmentation":
            found.append(_expect("column_values_to_not_be_null", "warning", column="mask"))
    return found


def _objects_always(data: MeasuredDataset) -> list[_Expectation]:
    if data.manifest.objects is None:
        return []
    unique = {"column_list": ["image", "annotation"]}
    return [
        *_class_names(data, "class", OBJECTS),
        _expect("compound_columns_to_be_unique", "critical", OBJECTS, **unique),
        *(
            _expect(
                "column_values_to_be_between", "warning", OBJECTS, column=side, min_value=0, strict_min=True
            )
            for side in ("width", "height")
        ),
    ]


def _class_names(data: MeasuredDataset, column: str, table: str) -> list[_Expectation]:
    classes = list(data.manifest.classes)
    return [_expect("column_values_to_be_in_set", "critical", table, column=column, value_set=classes)]


def _like(table: pa.Table, kinds: Columns, options: CheckOptions, name: str) -> list[_Expectation]:
    found = []
    for column in (*kinds.numeric, *kinds.categorical):
        values = table.column(column)
        if values.null_count == len(values):
            continue  # nothing is known of it
        numeric = column in kinds.numeric
        truth = pa.types.is_boolean(values.type)
        kind = "numeric" if numeric else "truth" if truth else "text"
        found.append(_expect("column_to_exist", "critical", name, column=column))
        found.append(
            _expect(
                "column_values_to_be_in_type_list", "warning", name, column=column, type_list=_TYPES[kind]
            )
        )
        found += _completeness(column, values, name)
        found += (
            _range(column, values, options, name) if numeric else _vocabulary(column, values, options, name)
        )
    return found


def _completeness(column: str, values: pa.ChunkedArray, name: str) -> list[_Expectation]:
    if values.null_count == 0:
        return [_expect("column_values_to_not_be_null", "warning", name, column=column)]
    share = 1 - values.null_count / len(values)
    # what chance alone may bring in a sample of the same size, three standard errors
    low = share - 3 * math.sqrt(share * (1 - share) / len(values))
    kept = math.floor(low * 100) / 100
    if kept <= 0:
        return []
    return [_expect("column_values_to_not_be_null", "warning", name, column=column, mostly=kept)]


def _range(column: str, values: pa.ChunkedArray, options: CheckOptions, name: str) -> list[_Expectation]:
    numbers = values.drop_null().to_numpy().astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if numbers.size == 0:
        return []
    bounds = {"min_value": float(numbers.min()), "max_value": float(numbers.max())}
    mostly = options.expectations_mostly
    return [_expect("column_values_to_be_between", "warning", name, column=column, **bounds, mostly=mostly)]


def _vocabulary(column: str, values: pa.ChunkedArray, options: CheckOptions, name: str) -> list[_Expectation]:
    distinct = sorted(pc.unique(values.drop_null()).to_pylist())
    if len(distinct) <= options.drift_max_values:
        mostly = options.expectations_mostly
        return [
            _expect(
                "column_values_to_be_in_set",
                "warning",
                name,
                column=column,
                value_set=distinct,
                mostly=mostly,
            )
        ]
    if len(distinct) == len(values) - values.null_count:
        return [_expect("column_values_to_be_unique", "warning", name, column=column)]
    return []


def _kept_ids(table: pa.Table, options: CheckOptions) -> list[_Expectation]:
    form = id_form(table.column("id").to_pylist())
    mostly = options.expectations_mostly
    if form is None:
        return []
    return [_expect("column_values_to_match_regex", "warning", column="id", regex=form, mostly=mostly)]


def _counts(reference: MeasuredDataset, options: CheckOptions) -> list[_Expectation]:
    found = [_rows(len(reference), options, SAMPLES)]
    objects = reference.manifest.objects
    if objects is not None:
        found.append(_rows(objects.num_rows, options, OBJECTS))
        return found + _class_counts("class", objects.column("class").to_pylist(), options, OBJECTS)
    if reference.manifest.task == "classification":
        found += _class_counts("label", reference.strings("label"), options, SAMPLES)
    return found


def _class_counts(
    column: str, values: Iterable[str | None], options: CheckOptions, name: str
) -> list[_Expectation]:
    counted = Counter(one for one in values if one is not None)
    return [
        _rows(counted[one], options, name, row_condition=f"`{column}` == {one!r}", condition_parser="pandas")
        for one in sorted(counted)
    ]


def _rows(n: int, options: CheckOptions, name: str, **where: str) -> _Expectation:
    factor = options.expectations_count_factor
    band = {"min_value": max(1, math.floor(n / factor)), "max_value": math.ceil(n * factor)}
    return _expect("table_row_count_to_be_between", "warning", name, **band, **where)


def _expect(kind: str, severity: str, table: str = SAMPLES, **kwargs: Any) -> _Expectation:
    meta = {} if table == SAMPLES else {"table": table}
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": meta, "severity": severity}

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices.attribute import format_number, read_attribute


def moment(day, hour=0):
    return dt.datetime(2026, 1, day, hour, tzinfo=dt.UTC)


def labels(values, kind=None):
    attribute = read_attribute(pa.table({"x": pa.array(values, kind)}), "x")
    return attribute.labels, attribute.codes.tolist()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["b", None, "a", "b"], pa.string(), (("a", "b"), [1, -1, 0, 1])),
        (["b", ""], pa.large_string(), (('""', "b"), [1, 0])),
        ([3, 1, None], pa.int8(), (("1", "3"), [1, 0, -1])),
        ([2**63, 1], pa.uint64(), (("1", "9223372036854775808"), [1, 0])),
        ([0.1, float("nan"), None, 2.0], pa.float32(), (("0.1", "2"), [0, -1, -1, 1])),
        ([-0.0, 0.0], pa.float64(), (("0",), [0, 0])),
        ([float("inf"), -1e-9], pa.float64(), (("-1e-09", "inf"), [1, 0])),
        ([Decimal("1.50"), None], pa.decimal128(5, 2), (("1.5",), [0, -1])),
        ([True, None, False], pa.bool_(), (("false", "true"), [1, -1, 0])),
        ([None, None], pa.null(), ((), [-1, -1])),
        ([dt.date(2026, 1, 31)], pa.date32(), (("2026-01-31",), [0])),
        (
            [moment(31, 0), moment(31, 12)],
            pa.timestamp("ns"),
            (("2026-01-31", "2026-01-31 12:00:00"), [0, 1]),
        ),
        (
            [moment(31), moment(31, 12)],
            pa.timestamp("us", "Europe/Berlin"),
            (("2026-01-31Z", "2026-01-31 12:00:00Z"), [0, 1]),
        ),
    ],
)
def test_values_are_written_the_same_way_every_time(values, kind, expected):
    assert labels(values, kind) == expected


def test_a_dictionary_column_with_several_chunks_is_one_attribute():
    chunks = [pa.array(["b", "a"]).dictionary_encode(), pa.array(["c", "b"]).dictionary_encode()]
    attribute = read_attribute(pa.table({"x": pa.chunked_array(chunks)}), "x")
    assert attribute.labels == ("a", "b", "c")
    assert attribute.codes.tolist() == [1, 0, 2, 1]


def test_an_unknown_column_is_named_with_the_known_ones():
    with pytest.raises(
        InputError, match=r"unknown column 'sit' \(did you mean 'site'\?\): expected one of 'id', 'site'"
    ):
        read_attribute(pa.table({"id": [1], "site": [2]}), "sit")


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"bytes"])
def test_a_column_of_something_else_cannot_be_sliced_by(value):
    with pytest.raises(InputError, match="cannot be sliced by: expected numbers, text, true/false, dates"):
        read_attribute(pa.table({"x": [value]}), "x")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.25, "0.25"), (-0.0, "0"), (1e22, "1e+22"), (12000, "12000"), (1e-7, "1e-07")],
)
def test_numbers_are_written_short(value, text):
    assert format_number(value) == text

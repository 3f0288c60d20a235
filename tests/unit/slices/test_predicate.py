import datetime as dt
import re

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices import parse


def moment(day):
    return dt.datetime(2026, 1, day, tzinfo=dt.UTC)


TABLE = pa.table(
    {
        "light": ["night", "day", None, "day"],
        "area": pa.array([1, 2000, 3, None], pa.int64()),
        "blur": pa.array([0.1, float("nan"), 0.7, None], pa.float32()),
        "truck": [True, False, None, True],
        "taken": pa.array([*map(moment, (1, 2, 3)), None], pa.timestamp("us")),
        "sent": pa.array([*map(moment, (1, 2, 3)), None], pa.timestamp("s", "Europe/Berlin")),
        "day": pa.array([dt.date(2026, 1, day) for day in (1, 2, 3)] + [None]),
        "cloud cover": [1.5, 2.5, 3.5, 4.5],
        "kind": pa.array(["a", "b", "a", None]).dictionary_encode(),
        "boxes": [[1], [2], [3], [4]],
    }
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("light == 'night'", [0]),
        ('light == "night"', [0]),
        ("light != 'night'", [1, 3]),
        ("light == 'night' and area < 1024", [0]),
        ("light == 'day' or area == 3", [1, 2, 3]),
        ("area >= 3 and area <= 2000", [1, 2]),
        ("1024 > area", [0, 2]),
        ("area in (1, 3)", [0, 2]),
        ("area not in (1, 3)", [1]),
        ("light is null", [2]),
        ("light is not null", [0, 1, 3]),
        ("blur is null", [1, 3]),
        ("blur == 0.1", [0]),
        ("blur >= 0.7", [2]),
        ("blur > -1e-3", [0, 2]),
        ("truck == true", [0, 3]),
        ("truck != true", [1]),
        ("area == 1 OR NOT light IS NULL", [0, 1, 3]),
        ("not (light == 'day' and area < 5000)", [0]),
        ("`cloud cover` > 2 and `cloud cover` < 4", [1, 2]),
        ("taken >= '2026-01-02'", [1, 2]),
        ("taken < '2026-01-01 00:00:01'", [0]),
        ("sent >= '2026-01-02'", [1, 2]),
        ("sent > '2026-01-02T00:30:00+01:00'", [1, 2]),
        ("day == '2026-01-03'", [2]),
        ("kind == 'a'", [0, 2]),
        ("light == 'it''s'", []),
        ("light < 'e'", [1, 3]),
        ("area == 1 or area == 3 and light == 'day'", [0]),
        ("(area == 1 or area == 3) and light == 'day'", []),
        ("area < 99999999999999999999999", [0, 1, 2]),
    ],
)
def test_a_predicate_chooses_rows(text, rows):
    assert np.flatnonzero(parse(text).mask(TABLE)).tolist() == rows


@pytest.mark.parametrize("text", ["not (light == 'day')", "not light in ('day')", "not not light == 'night'"])
def test_not_does_not_turn_a_missing_value_into_a_match(text):
    assert np.flatnonzero(parse(text).mask(TABLE)).tolist() == [0]


def test_a_missing_value_does_not_spoil_what_the_other_side_decides():
    assert parse("light == 'day' or area == 3").mask(TABLE)[2]
    assert not parse("not (light == 'day' and area == 3)").mask(TABLE)[2]
    assert parse("not (light == 'day' and area == 4)").mask(TABLE)[2]


def test_columns_are_named_once_in_order_of_appearance():
    assert parse("b == 1 and 2 < `a b` or b is null").columns == ("b", "a b")


def test_a_backtick_in_a_quoted_column_name_is_doubled():
    assert parse("`a``b` == 1").columns == ("a`b",)


def test_predicates_that_say_the_same_are_equal():
    assert parse("a==1") == parse("  a  ==  1 ")
    assert parse("a == 1") != parse("a == 2")


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("", 1, "the predicate is empty"),
        ("   ", 4, "the predicate is empty"),
        ("light = 'night'", 7, "'=' is not an operator, write '=='"),
        ("light <> 'night'", 7, "'<>' is not an operator, write '!='"),
        ("area < 1 && area > 0", 10, "'&' is not an operator, write 'and'"),
        ("area < 1 | area > 0", 10, "'|' is not an operator, write 'or'"),
        ("! area < 1", 1, "'!' is not an operator, write 'not'"),
        ("light == 'night", 10, "this text has no closing '"),
        ('light == "night', 10, 'this text has no closing "'),
        ("`light == 1", 1, "this column name has no closing `"),
        ("light == night", 10, "got column 'night' (quote a text: 'night')"),
        ("light == null", 10, "write 'is null' or 'is not null'"),
        ("light", 6, "expected an operator, 'in' or 'is' after column 'light', got the end"),
        ("light is", 9, "expected 'null', got the end"),
        ("light is 'day'", 10, "expected 'null', got 'day'"),
        ("light not like 'a'", 11, "expected 'in', got 'like'"),
        ("light in 'day'", 10, "expected '(', got 'day'"),
        ("light in ()", 11, "expected a number, 'text', true or false, got ')'"),
        ("light in ('day' 'night')", 17, "expected ',' or ')', got 'night'"),
        ("(area < 1", 10, "expected ')', got the end"),
        ("area < 1)", 9, "expected 'and', 'or' or the end, got ')'"),
        ("0 < area < 1", 10, "comparisons do not chain"),
        ("area < 1 and", 13, "expected a column, 'not' or '(', got the end"),
        ("1 < 2", 5, "expected a column to compare with, got '2'"),
        ("area < 10px", 8, "'10px' is not a number"),
        ("area < 1.2.3", 8, "'1.2.3' is not a number"),
        ("area < $1", 8, "'$' is not of the predicate language"),
        ("__import__('os').system('true')", 17, "'.' is not of the predicate language"),
    ],
)
def test_a_syntax_error_names_its_place(text, place, problem):
    with pytest.raises(InputError, match=f"^predicate, character {place}: .*{re.escape(problem)}.*"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (
            "area < 1 and lite == 'day'",
            14,
            "unknown column 'lite' (did you mean 'light'?): expected one of 'light',",
        ),
        ("light == 3", 10, "column 'light' holds text, cannot be compared with 3"),
        ("area == '3'", 9, "column 'area' holds numbers, cannot be compared with '3'"),
        ("area == true", 9, "column 'area' holds numbers, cannot be compared with true"),
        ("truck == 1", 10, "column 'truck' holds true/false, cannot be compared with 1"),
        ("truck < true", 1, "column 'truck' is true/false: expected == or !=, got <"),
        ("light in ('day', 3)", 18, "column 'light' holds text, cannot be compared with 3"),
        (
            "taken > 'noon'",
            9,
            "column 'taken' holds timestamp[us]: expected a date or time such as '2026-01-31'",
        ),
        ("boxes is null", 1, "column 'boxes' holds list<"),
    ],
)
def test_a_column_that_does_not_fit_is_named_with_its_place(text, place, problem):
    with pytest.raises(InputError, match=f"^predicate, character {place}: .*{re.escape(problem)}.*"):
        parse(text).mask(TABLE)


@pytest.mark.parametrize("text", ["(" * 5000 + "a == 1" + ")" * 5000, "not " * 5000 + "a == 1"])
def test_deep_nesting_is_refused_instead_of_exhausting_the_stack(text):
    with pytest.raises(InputError, match="nested deeper than 64 levels"):
        parse(text)


def test_a_long_chain_of_conditions_is_no_nesting():
    text = " or ".join(f"area == {value}" for value in range(3000))
    assert parse(text).mask(TABLE).tolist() == [True, True, True, False]


def test_an_empty_table_has_no_matches():
    assert parse("area < 3 or light == 'x' or truck == true").mask(TABLE.slice(0, 0)).shape == (0,)


@pytest.mark.parametrize("text", ["x == 'a'", "x != 1", "x in (true)", "x < 2"])
def test_a_column_without_any_value_compares_with_nothing(text):
    assert not parse(text).mask(pa.table({"x": pa.nulls(2)})).any()

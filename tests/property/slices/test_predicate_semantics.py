"""The predicate language means what SQL means: every predicate is held against SQLite."""

import sqlite3

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.errors import InputError
from seatrial.slices import parse

NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -1.5, 2.25])
TEXTS = st.sampled_from(["", "a", "b", "it's", "or"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
ROWS = st.lists(
    st.tuples(st.none() | NUMBERS, st.none() | NUMBERS, st.none() | TEXTS, st.none() | TEXTS), max_size=12
)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def comparisons(columns, literals):
    return st.one_of(
        st.builds("{} {} {}".format, columns, SIGNS, literals),
        st.builds("{} {} {}".format, literals, SIGNS, columns),
        st.builds(
            lambda column, negated, values: f"{column} {negated}in ({', '.join(values)})",
            columns,
            st.sampled_from(["", "not "]),
            st.lists(literals, min_size=1, max_size=3),
        ),
        st.builds("{} is {}null".format, columns, st.sampled_from(["", "not "])),
    )


LEAVES = comparisons(st.sampled_from(["m", "n"]), NUMBERS.map(str)) | comparisons(
    st.sampled_from(["s", "t"]), TEXTS.map(quoted)
)
PREDICATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("not {}".format, inner.map("({})".format) | LEAVES),
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=8,
)


def table(rows):
    m, n, s, t = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
    return pa.table(
        {
            "m": pa.array(m, pa.float64()),
            "n": pa.array(n, pa.float64()),
            "s": pa.array(s, pa.string()),
            "t": pa.array(t, pa.string()),
        }
    )


def by_sqlite(text, rows):
    with sqlite3.connect(":memory:") as database:
        database.execute("create table samples (row integer, m real, n real, s text, t text)")
        database.executemany(
            "insert into samples values (?, ?, ?, ?, ?)", [(row, *values) for row, values in enumerate(rows)]
        )
        found = database.execute(f"select row from samples where {text} order by row").fetchall()
    database.close()
    return [row for (row,) in found]


@given(text=PREDICATES, rows=ROWS)
@settings(max_examples=400, deadline=None)
def test_a_predicate_chooses_the_rows_that_sqlite_chooses(text, rows):
    assert np.flatnonzero(parse(text).mask(table(rows))).tolist() == by_sqlite(text, rows)


@given(text=PREDICATES, rows=ROWS)
@settings(max_examples=100, deadline=None)
def test_a_predicate_and_its_opposite_share_no_row(text, rows):
    samples = table(rows)
    assert not np.any(parse(text).mask(samples) & parse(f"not ({text})").mask(samples))


@given(text=st.text(max_size=40) | st.text("abn=<>!'\"`() ,1.5andorit", max_size=30))
@settings(max_examples=400, deadline=None)
def test_any_text_is_parsed_or_refused_with_its_place(text):
    try:
        parse(text)
    except InputError as error:
        assert str(error).startswith("predicate, character ")  # noqa: PT017 - both ends are fine

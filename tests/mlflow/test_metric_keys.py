"""Metric keys are readable, allowed by MLflow and never two for one."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from seatrial.slices import SliceRow
from seatrial.statistics import Estimate
from seatrial_mlflow.publishing.metric_keys import MetricKeys, slug, slugs


def row(slice_, family="site", attributes=None, metric="recall", class_=None):
    return SliceRow(
        slice_, family, attributes or {}, "image", metric, class_, 10, Estimate(0.5, 0.4, 0.6, 10)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("B7", "B7"),
        ("∅", "missing"),
        ("", "empty"),
        ("[0.2, 0.4)", "0.2_to_0.4"),
        ("(-∞, -1.5e-3)", "below_-1.5e-3"),
        ("[0.4, ∞)", "from_0.4"),
        ("(-∞, ∞)", "every_number"),
        ("B7 x [0.2, 0.4)", "B7-x-0.2_to_0.4"),
        ("-3", "-3"),
        ("München/Süd", "München-Süd"),
        ("夜間", "夜間"),
        ("50 %", "50"),
    ],
)
def test_a_slug_stays_readable(text, expected):
    assert slug(text) == expected


def test_slugs_that_collide_end_in_a_digest_and_the_faithful_one_keeps_its_name():
    found = slugs(["a b", "a-b", "a/b", "c"])
    assert found["a-b"] == "a-b"
    assert found["c"] == "c"
    assert re.fullmatch(r"a-b-[0-9a-f]{6}", found["a b"])
    assert len(set(found.values())) == 4


def test_letter_case_alone_does_not_tell_keys_apart():
    found = slugs(["B7", "b7"])
    assert len({one.casefold() for one in found.values()}) == 2


@given(st.lists(st.text(max_size=90), max_size=12))
def test_slugs_are_unique_whatever_the_texts_and_their_order(texts):
    found = slugs(texts)
    assert found == slugs(reversed(texts))
    assert len({one.casefold() for one in found.values()}) == len(set(texts))
    for one in found.values():
        _validate_metric_name(f"slice/recall/{one}/{one}")
        assert len(one) <= 70
        assert "//" not in f"/{one}/"


@given(st.lists(st.tuples(st.text(max_size=90), st.text(max_size=90), st.text(max_size=90)), max_size=6))
def test_every_key_is_allowed_and_unique(names):
    rows = [
        row(f"{family}={value}", family, {family: value}, metric, class_ or None)
        for family, value, class_ in dict.fromkeys(names)
        for metric in ("accuracy", "log_loss")
    ]
    keys = MetricKeys.of(rows)
    for versus in (False, True):
        found = [keys.key(one, versus=versus) for one in rows]
        identities = {(one.family, tuple(one.attributes.values()), one.metric, one.class_) for one in rows}
        assert len({one.casefold() for one in found}) == len(identities)
        for key in found:
            _validate_metric_name(key)
            assert len(key) <= 250


def test_charts_are_grouped_by_metric_and_attribute():
    rows = [
        row("all", "all"),
        row("all", "all", class_="cracked"),
        row("night", "night"),
        row("site=B7", "site", {"site": "B7"}),
        row("site=B7", "site", {"site": "B7"}, class_="hair line"),
        row("site=B7 & light=∅", "pair", {"site": "B7", "light": "∅"}),
    ]
    keys = MetricKeys.of(rows)
    assert [keys.key(one) for one in rows] == [
        "recall",
        "class/recall/cracked",
        "slice/recall/named/night",
        "slice/recall/site/B7",
        "slice/recall.hair-line/site/B7",
        "slice/recall/pair/B7-x-missing",
    ]
    assert [keys.key(one, versus=True) for one in rows[:4]] == [
        "vs_champion/recall",
        "vs_champion/recall/cracked",
        "vs_champion/recall/named/night",
        "vs_champion/recall/site/B7",
    ]


def test_the_longest_names_stay_within_the_limit():
    long = "x" * 300
    rows = [row(long, long, {long: long}, "pixel_accuracy", long)]
    keys = MetricKeys.of(rows)
    assert max(len(keys.key(rows[0], versus=versus)) for versus in (False, True)) <= 250


def test_no_two_crosses_share_a_key():
    values = ("∅", "missing", "1 x 2", "1", "2", "2 x 2")
    rows = [row(f"a={a} & b={b}", "pair", {"a": a, "b": b}) for a, b in product(values, repeat=2)]
    keys = MetricKeys.of(rows)
    assert len({keys.key(one) for one in rows}) == len(values) ** 2

"""Attributes that the loss hangs on come first; those that it does not hang on are told apart from them."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.mining.axes import UnitAxes
from seatrial.mining.failures import Failures
from seatrial.mining.importance import attribute_importance, curves
from seatrial.statistics import confirming_half, wilson


def prepared(table):
    failures = Failures.from_evaluation(table)
    half = confirming_half(failures.group.tolist(), 7)
    return UnitAxes.of(table, failures, ~half), failures, half


def ranked(table, seed=0):
    axes, failures, half = prepared(table)
    return attribute_importance(axes, failures, half, confidence=0.95, seed=seed)


def test_what_the_loss_hangs_on_is_told_from_what_it_does_not(planted):
    found = {one.attribute: one for one in ranked(planted(n=4000, place=0.05))}
    assert set(list(found)[:2]) == {"label", "light"}
    assert found["light"].low > 0.05
    assert found["label"].low > 0.05
    assert found["site"].low < 0.01
    assert found["brightness"].low < 0.01
    for one in found.values():
        assert one.low <= one.value <= one.high


def test_two_attributes_that_matter_together_alone_matter_both(planted):
    table = planted(n=4000, night=0.05, place=0.05)
    random = np.random.default_rng(3)
    left, right = random.integers(0, 2, (2, 4000)).astype(bool)
    labels = np.array(table.samples.column("label").to_pylist(), dtype=object)
    prediction = np.where((left ^ right) & (random.random(4000) < 0.5), "owl", labels)
    samples = table.samples
    for name, values in (("prediction", prediction.tolist()), ("loss", [None] * 4000)):
        place = samples.column_names.index(name)
        samples = samples.set_column(place, name, pa.array(values, samples.schema.field(name).type))
    samples = samples.append_column("left", pa.array(left)).append_column("right", pa.array(right))
    odd = type(table)(table.header, samples)
    found = ranked(odd)
    assert {one.attribute for one in found[:3]} >= {"left", "right"}
    axes, failures, _ = prepared(odd)
    alone = next(one for one in curves(axes, failures, 0.95) if one.attribute == "left")
    assert abs(alone.points[0].value - alone.points[1].value) < 0.05  # one by one they say nothing


def test_the_same_input_gives_the_same_importance(planted):
    assert ranked(planted()) == ranked(planted())


def test_where_all_losses_are_alike_there_is_nothing_to_learn(planted):
    assert ranked(planted(usual=0, night=0, place=0)) == ()
    assert ranked(planted(n=20)) == ()


def test_a_curve_gives_the_error_rate_of_each_value_with_wilsons_interval(planted):
    table = planted()
    axes, failures, _ = prepared(table)
    curve = next(one for one in curves(axes, failures, 0.9) if one.attribute == "light")
    light = np.array(table.samples.column("light").to_pylist())
    for point in curve.points:
        inside = light == point.label
        assert point.where == f"light == '{point.label}'"
        assert point.n == inside.sum()
        assert point.value == pytest.approx(failures.error[inside].mean())
        assert (point.low, point.high) == wilson(int(failures.error[inside].sum()), int(inside.sum()), 0.9)


def test_a_curve_over_numbers_has_a_point_for_each_quartile_and_one_for_missing_values(planted):
    table = planted()
    place = table.samples.column_names.index("brightness")
    values = table.samples.column("brightness").to_pylist()
    samples = table.samples.set_column(place, "brightness", pa.array([None, None, *values[2:]]))
    axes, failures, _ = prepared(type(table)(table.header, samples))
    curve = next(one for one in curves(axes, failures, 0.95) if one.attribute == "brightness")
    assert len(curve.points) == 5
    assert curve.points[-1].label == "∅"
    assert curve.points[-1].n == 2
    assert sum(point.n for point in curve.points) == 1200


def test_intervals_of_samples_that_belong_together_are_wider(planted):
    groups = [f"s{row // 20}" for row in range(1200)]
    alone, together = (
        {
            point.label: point
            for one in curves(*prepared(table)[:2], 0.95)
            if one.attribute == "light"
            for point in one.points
        }
        for table in (planted(), planted(groups=groups))
    )
    assert alone["night"].value == together["night"].value
    assert together["night"].low <= together["night"].value <= together["night"].high
    assert together["night"].low != alone["night"].low

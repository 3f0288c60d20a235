"""The cause of a group is that of most of its samples; a spurious one is looked for in training."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.mining.causes import CAUSE_SCHEMA, Causes, group_cause, training_lift


def causes(*names, prediction="cat"):
    rows = [
        {"id": str(row), "row": row, "truth": "dog", "prediction": prediction, "cause": name}
        for row, name in enumerate(names)
    ]
    return Causes(pa.Table.from_pylist(rows, CAUSE_SCHEMA))


def test_most_of_the_samples_decide():
    found = group_cause(causes("rare", "rare", "unexplained"))
    assert (found.cause, found.share, found.confirmed) == ("rare", pytest.approx(2 / 3), None)
    assert found.counts == {"rare": 2, "unexplained": 1}
    assert found.action == "collect: label more samples like this"
    assert found.reason == "2 of 3 failing samples: rare"


@pytest.mark.parametrize("names", [("rare", "ambiguous"), ("unexplained",) * 3 + ("rare",), ()])
def test_a_group_without_a_majority_is_not_explained(names):
    found = group_cause(causes(*names))
    assert found.cause == "unexplained"
    assert found.reason.startswith("no cause has most of them: ")


def test_only_the_members_count():
    assert group_cause(causes("rare", "spurious", "spurious"), [0]).cause == "rare"


def test_a_spurious_group_is_confirmed_by_the_lift_of_its_description_in_training(train):
    marked = np.array(train.samples["mark"].to_pylist()) == "yes"
    found = group_cause(causes("spurious", "spurious"), train=train, described=marked)
    assert found.confirmed is True
    assert found.lift.n == 36
    assert found.lift.share == 1
    assert found.lift.low > 5
    assert "in training the class is" in found.reason


def test_a_spurious_group_whose_description_goes_with_no_class_in_training_is_not_confirmed(train):
    every_third = np.arange(120) % 3 == 0
    found = group_cause(causes("spurious", "spurious"), train=train, described=every_third)
    assert found.cause == "spurious"
    assert found.confirmed is False


@pytest.mark.parametrize("described", [None, np.zeros(120, dtype=bool), np.ones(120, dtype=bool)])
def test_what_cannot_be_looked_for_in_training_is_neither_confirmed_nor_denied(train, described):
    found = group_cause(causes("spurious"), train=train, described=described)
    assert (found.confirmed, found.lift) == (None, None)
    assert found.reason.endswith("not looked for in training")


def test_a_group_is_plain_json(train):
    found = group_cause(causes("spurious"), train=train, described=np.arange(120) < 30).to_json()
    assert found["lift"]["n"] == 30
    assert found["cause"] == "spurious"


def test_the_lift_is_the_ratio_of_two_shares():
    members, of_class = np.arange(1000) < 500, np.arange(1000) % 4 == 0
    assert training_lift(members, of_class).value == pytest.approx(1)
    half = training_lift(members, np.arange(1000) < 250)
    assert half.share == 0.5
    assert half.low > 30
    assert training_lift(members, ~members).high < 0.1


def test_the_lift_holds_its_value_in_nineteen_of_twenty_samples():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        members = rng.random(600) < 0.3
        of_class = rng.random(600) < np.where(members, 0.4, 0.2)
        found = training_lift(members, of_class)
        held += found.low <= 2 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_members_and_labels_of_other_lengths_are_refused():
    with pytest.raises(InputError, match="expected as many members as labels"):
        training_lift(np.ones(3, dtype=bool), np.ones(2, dtype=bool))

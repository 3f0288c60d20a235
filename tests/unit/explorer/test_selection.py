"""Which samples a choice finds, and in which order."""

import numpy as np
import pytest

from seatrial.errors import InputError
from seatrial.explorer import Choice, OpenedEvaluation
from seatrial.explorer.facets import Facets


@pytest.fixture(scope="module")
def opened(evaluation):
    return OpenedEvaluation.read(evaluation)


def rows(opened, tags=None, **choice):
    asked = Choice(**choice)
    return asked.ordered(opened, asked.mask(opened, tags or {})).tolist()


def test_every_part_of_a_choice_narrows_it(opened):
    night = [row for row in range(60) if row % 4 == 0]
    assert rows(opened, where="light == 'night'", sort="data") == night
    wrong = [row for row in night if row % 3]
    assert rows(opened, where="light == 'night'", outcome="wrong", sort="data") == wrong
    assert rows(opened, outcome="wrong", rows=(4, 5, 8), sort="data") == [4, 8]
    assert rows(opened, tags={"odd": {"04.png", "05.png"}}, tag="odd", sort="data") == [4, 5]


def test_a_sample_without_a_truth_is_neither_right_nor_wrong(opened):
    assert rows(opened, outcome="unlabelled") == [59]
    assert 59 not in rows(opened, outcome="right") + rows(opened, outcome="wrong")


def test_the_most_wrong_come_first_and_among_them_the_surest(opened):
    found = rows(opened)
    wrong = rows(opened, outcome="wrong")
    assert found[: len(wrong)] == wrong == sorted(wrong, reverse=True)  # confidence grows with the row
    assert found[-1] == 59


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"where": "light = 'night'"}, "write '=='"),
        ({"where": "lihgt == 'night'"}, "did you mean"),
        ({"rows": (60,)}, "expected row numbers from 0 to 59"),
        ({"rows": (-1,)}, "expected row numbers from 0 to 59"),
    ],
)
def test_a_wrong_choice_is_told(opened, choice, says):
    with pytest.raises(InputError, match=says):
        rows(opened, **choice)


def test_the_parts_of_every_attribute_are_found_again_by_their_predicates(opened):
    facets = Facets(opened)
    everything = np.ones(60, dtype=bool)
    assert set(facets.names) == {"label", "prediction", "light", "site's name", "brightness"}
    for name in facets.names:
        parts = facets.counted(name, everything)
        assert sum(part["n"] for part in parts) == 60
        for part in parts:
            assert len(rows(opened, where=part["where"])) == part["n"], part


def test_the_attribute_in_which_the_errors_lie_is_named_first(opened):
    assert Facets(opened).names[0] in {"light", "prediction"}
    night = next(one for one in Facets(opened).counted("light", np.ones(60, bool)) if one["label"] == "night")
    assert night["error"] == pytest.approx(10 / 15)

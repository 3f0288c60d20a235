"""Explained are the worst failures of the largest cells, and a draw that depends on ids alone."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.mining import Failures
from seatrial.mining.explaining import choose, hashed_order

CLASSES = ("cat", "dog", "owl")


def failures(pairs, losses):
    samples = pa.table(
        {
            "id": [f"i{row}" for row in range(len(pairs))],
            "label": [truth for truth, _ in pairs],
            "prediction": [said for _, said in pairs],
            "confidence": pa.array([0.9] * len(pairs)),
            "loss": pa.array(losses, pa.float64()),
            "group": pa.nulls(len(pairs), pa.string()),
        }
    )
    header = EvaluationHeader("classification", CLASSES, "m", "sha256:0", "d", "sha256:0", len(pairs))
    return Failures.from_evaluation(EvaluationTable(header, samples))


@pytest.fixture
def mixed():
    """Three cats taken for dogs, two owls for cats, four that are right."""
    pairs = [("cat", "dog")] * 3 + [("owl", "cat")] * 2 + [("cat", "cat")] * 4
    return failures(pairs, [1, 3, 2, 5, 4, 0.1, 0.1, 0.1, 0.1])


def test_the_worst_of_each_cell_are_chosen(mixed):
    chosen = choose(mixed, per_cell=1, cells=9, draw=0)
    assert chosen.units.tolist() == [1, 3]
    assert chosen.drawn.tolist() == [False, False]
    assert choose(mixed, per_cell=2, cells=1, draw=0).units.tolist() == [1, 2]


def test_the_draw_holds_right_and_wrong_alike(mixed):
    chosen = choose(mixed, per_cell=0, cells=0, draw=6)
    assert chosen.drawn.tolist() == [True] * 6
    assert choose(mixed, per_cell=0, cells=0, draw=None).units.tolist() == list(range(9))
    both = choose(mixed, per_cell=9, cells=9, draw=6)
    assert set(both.units[both.drawn]) == set(chosen.units)


def test_a_larger_draw_holds_the_smaller_one_and_another_seed_draws_others(mixed):
    few, more = (set(choose(mixed, per_cell=0, cells=0, draw=draw).units) for draw in (3, 6))
    assert few < more
    others = {tuple(choose(mixed, per_cell=0, cells=0, draw=3, seed=seed).units) for seed in range(9)}
    assert len(others) > 1


def test_the_order_goes_by_the_ids_alone():
    ids = [f"i{row}" for row in range(50)]
    order = [ids[place] for place in hashed_order(ids, 7)]
    backwards = [ids[::-1][place] for place in hashed_order(ids[::-1], 7)]
    assert order == backwards != ids
    assert sorted(order) == sorted(ids)


def test_drawn_is_about_the_same_share_of_each_part():
    order = hashed_order([f"val/{row:05}.png" for row in range(10_000)], 7)
    assert np.abs((order[:1000] < 5000).mean() - 0.5) < 0.05


def test_nothing_with_a_truth_is_an_error():
    table = failures([("cat", "cat")], [0.1])
    empty = Failures.from_evaluation(
        EvaluationTable(
            EvaluationHeader("classification", CLASSES, "m", "sha256:0", "d", "sha256:0", 1),
            pa.table(
                {
                    "id": ["a"],
                    "label": pa.nulls(1, pa.string()),
                    "prediction": ["cat"],
                    "confidence": pa.nulls(1, pa.float64()),
                    "loss": pa.nulls(1, pa.float64()),
                    "group": pa.nulls(1, pa.string()),
                }
            ),
        )
    )
    assert len(table) == 1
    with pytest.raises(InputError, match="nothing to explain: no sample of the evaluation carries a truth"):
        choose(empty, per_cell=1, cells=1, draw=1)

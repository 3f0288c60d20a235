"""The best conjunctions are those that SliceLine's own program finds, where it is installed."""

from pathlib import Path

import numpy as np
import pytest

from seatrial.mining.conjunctions import Coded, ConjunctionOptions, search

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (Path(__file__).parents[3] / ".venv-peers").is_dir(),
        reason="the peers are not installed (make bench)",
    ),
]


@pytest.mark.parametrize(("order", "support", "weight"), [(2, 20, 0.95), (3, 30, 0.9), (2, 5, 0.99)])
def test_the_best_are_those_of_sliceline(order, support, weight, tmp_path, benchmark_module):
    random = np.random.default_rng(order)
    n, attributes, values = 3000, 5, 4
    cells = random.integers(0, values, (n, attributes))
    errors = random.random(n) < 0.1 + 0.5 * ((cells[:, 1] == 2) & (cells[:, 3] == 1))
    np.savez(tmp_path / "problem.npz", cells=cells, errors=errors.astype(float))
    theirs = benchmark_module("peers").call(
        "slice_search",
        problem=str(tmp_path / "problem.npz"),
        order=order,
        support=support,
        weight=weight,
        most=10,
    )["slices"]
    coded = Coded(list(cells.T), [values] * attributes)
    ours = search(
        coded, errors.astype(float), ConjunctionOptions(order=order, support=support, weight=weight, most=10)
    )
    assert len(ours) > 1
    expected = {tuple(map(tuple, one["literals"])): one for one in theirs}
    for one in ours:
        their = expected[one.literals]
        assert (one.size, one.errors) == (their["size"], their["errors"])
        assert one.score == pytest.approx(their["score"])

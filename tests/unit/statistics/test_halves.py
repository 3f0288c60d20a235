"""Two halves of the samples: one to look for slices in, one to confirm them on."""

import numpy as np
import pytest

from seatrial.statistics import PoissonWeights, confirming_half, holm, mcnemar_midp

IDS = [f"image-{number}" for number in range(4000)]


def test_the_halves_never_change():
    """Slices that were confirmed rest on them: the same on every machine and in every version."""
    assert confirming_half(["a", "b", "c", "Größe", ""], 7).tolist() == [True, True, True, False, False]


def test_each_half_holds_about_half():
    assert confirming_half(IDS, 1).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(4000))


def test_a_group_is_never_on_both_sides():
    scenes = [f"scene-{number % 50}" for number in range(500)]
    half = confirming_half(scenes, 3)
    assert all(len({bool(half[row]) for row in range(first, 500, 50)}) == 1 for first in range(50))


def test_order_and_shards_never_matter():
    order = np.random.default_rng(0).permutation(len(IDS))
    half = confirming_half(IDS, 5)
    assert np.array_equal(confirming_half([IDS[row] for row in order], 5), half[order])
    assert np.array_equal(np.append(confirming_half(IDS[:7], 5), confirming_half(IDS[7:], 5)), half)


def test_another_seed_gives_other_halves_which_the_weights_know_nothing_of():
    half = confirming_half(IDS, 1)
    assert abs(np.corrcoef(half, confirming_half(IDS, 2))[0, 1]) < 5 / np.sqrt(4000)
    weights = PoissonWeights(1, IDS).block(0, 50)
    assert max(abs(np.corrcoef(half, drawn)[0, 1]) for drawn in weights) < 5 / np.sqrt(4000)


def test_the_worst_of_many_slices_is_significant_where_it_was_found_and_not_where_it_is_confirmed():
    """Two equal models, 100 random slices: a search always finds something, the other half rarely agrees."""
    found = confirmed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        disagree = rng.choice([1, -1, 0], 4000, p=[0.1, 0.1, 0.8])
        members = rng.random((100, 4000)) < 0.1
        half = confirming_half(IDS, seed)

        def p_worse(rows, disagree=disagree):
            return mcnemar_midp(int((disagree[rows] == 1).sum()), int((disagree[rows] == -1).sum()))

        worst = sorted(members, key=lambda one, half=half, p_worse=p_worse: p_worse(one & ~half))[:3]
        found += min(p_worse(one & ~half) for one in worst) <= 0.05
        confirmed += holm([p_worse(one & half) for one in worst]).min() <= 0.05
    assert found >= 55
    assert confirmed <= 8

"""Tests of a group against the rest hold their level, with and without samples that belong together."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from seatrial.mining.contrast import Contrast, PairedContrast
from seatrial.statistics import mcnemar_midp, tango


def test_independent_units_are_compared_by_fishers_exact_test():
    random = np.random.default_rng(0)
    for _ in range(20):
        n = int(random.integers(5, 60))
        inside, error = random.random(n) < 0.4, random.random(n) < 0.3
        if not inside.any() or inside.all():
            continue
        contrast = Contrast.of(inside, error, np.arange(n), 0.95)
        table = [
            [(inside & error).sum(), (inside & ~error).sum()],
            [(~inside & error).sum(), (~inside & ~error).sum()],
        ]
        assert contrast.p == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
        assert contrast.low <= contrast.difference <= contrast.high
        assert contrast.difference == pytest.approx(error[inside].mean() - error[~inside].mean())


def test_newcombes_interval_is_that_of_his_paper():
    # Newcombe 1998, table II, example (a): 56/70 − 48/80, method 10
    inside = np.arange(150) < 70
    error = (np.arange(150) < 56) | ((np.arange(150) >= 70) & (np.arange(150) < 118))
    contrast = Contrast.of(inside, error, np.arange(150), 0.95)
    assert (contrast.low, contrast.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_units_that_share_their_luck_confirm_no_more_often_than_the_level():
    random = np.random.default_rng(1)
    p = {"careful": [], "naive": []}
    for _ in range(300):
        scene = np.repeat(np.arange(40), 15)
        inside = (random.random(40) < 0.4)[scene]
        error = (random.random(40) < 0.3)[scene] ^ (random.random(600) < 0.05)
        p["careful"].append(Contrast.of(inside, error, scene, 0.95).p)
        p["naive"].append(Contrast.of(inside, error, np.arange(600), 0.95).p)
    assert np.mean(np.array(p["careful"]) <= 0.05) < 0.09
    assert np.mean(np.array(p["naive"]) <= 0.05) > 0.2


def test_a_group_that_is_empty_or_everything_has_nothing_to_test():
    error = np.array([True, False, True])
    for inside in (np.zeros(3, dtype=bool), np.ones(3, dtype=bool)):
        contrast = Contrast.of(inside, error, np.arange(3), 0.95)
        assert (contrast.p, contrast.low, contrast.high) == (1, -1, 1)
        assert contrast.explained <= 1


def test_one_scene_says_nothing_of_others():
    inside = np.array([True, True, False, False, False])
    error = np.array([True, True, False, False, False])
    assert Contrast.of(inside, error, np.array([0, 0, 1, 1, 2]), 0.95).p == 1


def test_models_are_compared_in_pairs():
    inside = np.ones(30, dtype=bool)
    broke, fixed = np.arange(30) < 12, (np.arange(30) >= 20) & (np.arange(30) < 23)
    contrast = PairedContrast.of(inside, broke, fixed, np.arange(30), 0.95)
    assert contrast.p == mcnemar_midp(3, 12) < 0.02
    assert (contrast.low, contrast.high) == tango(12, 3, 30, 0.95)
    assert contrast.difference == pytest.approx(9 / 30)
    swapped = PairedContrast.of(inside, fixed, broke, np.arange(30), 0.95)
    assert swapped.difference == -contrast.difference
    assert swapped.p == pytest.approx(1 - contrast.p)


def test_pairs_that_share_their_luck_confirm_no_more_often_than_the_level():
    random = np.random.default_rng(2)
    careful = []
    for _ in range(300):
        scene = np.repeat(np.arange(40), 10)
        way = random.integers(-1, 2, 40)[scene]
        inside = np.ones(400, dtype=bool)
        careful.append(PairedContrast.of(inside, way > 0, way < 0, scene, 0.95).p)
    assert 0.02 < np.mean(np.array(careful) <= 0.05) < 0.09


def test_few_pairs_say_nothing():
    nothing = np.zeros(3, dtype=bool)
    assert PairedContrast.of(nothing, nothing, nothing, np.arange(3), 0.95).p == 1
    assert PairedContrast.of(~nothing, ~nothing, nothing, np.zeros(3, dtype=np.int64), 0.95).p == 1

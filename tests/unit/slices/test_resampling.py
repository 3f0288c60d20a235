"""Replicates from one pass over the samples are those of one slice after the other."""

import numpy as np
import pytest

from seatrial.metrics import ClassificationSamples
from seatrial.metrics.adding import LANES
from seatrial.slices import resampling, summation
from seatrial.slices.resampling import Wanted, resample
from seatrial.statistics import PoissonWeights

N, CLASSES, REPLICATES = 300, 4, LANES * 2 + 5
METRICS = ("accuracy", "precision", "recall", "f1", "log_loss", "brier", "ece", "auroc")


def samples(seed, *, scores=True, ties=False):
    rng = np.random.default_rng(seed)
    drawn = rng.dirichlet(np.ones(CLASSES), N)
    if ties:
        drawn = np.round(drawn, 1)
    truth = np.random.default_rng(0).integers(0, CLASSES, N).astype(np.int32)
    prediction = drawn.argmax(axis=1).astype(np.int32)
    return ClassificationSamples(truth, prediction, drawn if scores else None, tuple("abcd"))


def wanted():
    rng = np.random.default_rng(1)
    chosen = [np.sort(rng.choice(N, size, replace=False)) for size in (N, 120, 7, 1, 0)]
    return [Wanted(index, METRICS, per_class=place % 2 == 0) for place, index in enumerate(chosen)]


def draw(models, weights, what=None):
    done = []
    drawn = resample(
        models, wanted() if what is None else what, weights, replicates=REPLICATES, advance=done.append
    )
    return list(drawn), sum(done)


def same(one, other):
    assert [[list(drawn) for drawn in of_slice] for of_slice in one] == [
        [list(drawn) for drawn in of_slice] for of_slice in other
    ]
    for first, second in zip(one, other, strict=True):
        for a, b in zip(first, second, strict=True):
            for key in a:
                assert np.array_equal(a[key], b[key], equal_nan=True), key


@pytest.fixture(params=["samples", "groups"])
def weights(request):
    size = 1 if request.param == "samples" else 6
    return PoissonWeights(5, [f"scene {row // size}" for row in range(N)])


@pytest.mark.parametrize("scores", [True, False])
def test_one_pass_gives_the_numbers_of_slice_after_slice_to_the_last_bit(monkeypatch, weights, scores):
    models = (samples(2, scores=scores), samples(3, scores=scores))
    expected, all_of_it = draw(models, weights)
    monkeypatch.setattr(resampling, "MANY_WEIGHTS", 0)
    found, done = draw(models, weights)
    assert done == all_of_it == 5 * REPLICATES
    by_key = [[dict(sorted(drawn.items(), key=str)) for drawn in of_slice] for of_slice in found]
    same(by_key, [[dict(sorted(drawn.items(), key=str)) for drawn in of_slice] for of_slice in expected])


def test_one_walk_along_the_order_counts_ties_half(monkeypatch, weights):
    models = (samples(2, ties=True),)
    expected, _ = draw(models, weights)
    monkeypatch.setattr(resampling, "MANY_WEIGHTS", 0)
    found, _ = draw(models, weights)
    for (ours,), (plain,) in zip(found, expected, strict=True):
        ranked = {key: values for key, values in plain.items() if key[0] == "auroc"}
        assert all(np.array_equal(ours[key], values, equal_nan=True) for key, values in ranked.items())
    assert ("auroc", "a") in found[0][0]


def test_portions_of_few_samples_do_not_matter(monkeypatch, weights):
    models = (samples(2), samples(3))
    monkeypatch.setattr(resampling, "MANY_WEIGHTS", 0)
    expected, _ = draw(models, weights)
    monkeypatch.setattr(summation, "PORTION", 1)
    same(expected, draw(models, weights)[0])


def test_neither_threads_nor_chunks_nor_company_matter(monkeypatch, weights):
    models = (samples(2),)
    monkeypatch.setattr(resampling, "MANY_WEIGHTS", 0)
    expected, _ = draw(models, weights)
    alone = [draw(models, weights, [one])[0][0] for one in wanted()]
    same(expected, alone)
    monkeypatch.setattr(summation, "CHUNK_BYTES", 1)
    monkeypatch.setattr("seatrial.compiled.threads", lambda: 1)
    same(expected, draw(models, weights)[0])


def test_what_is_a_sum_over_samples_leaves_only_the_rest(weights):
    draws = [({},) for _ in wanted()]
    left = summation.add_up((samples(2),), wanted(), draws, weights, replicates=3)
    assert [one.metrics for one in left[:4]] == [("auroc",)] * 4
    assert ("f1", "a") in draws[0][0]
    assert ("f1", "a") not in draws[1][0]


def test_compiled_weights_are_the_weights(weights):
    drawn = weights.by_group(3, 3 + LANES)[weights.member]
    assert np.array_equal(drawn.T, weights.block(3, 3 + LANES))

"""What must hold of every metric on any data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.metrics import METRICS, ClassificationSamples, compute, task_metrics

WITHIN = 1e-12
ALL = list(task_metrics("classification"))


@st.composite
def evaluations(draw, most=40):
    """Draw samples of up to six classes; probabilities are multiples of 1/64, so that ties are common."""
    classes, n = draw(st.integers(2, 6)), draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    cuts = np.sort(rng.integers(0, 65, (n, classes - 1)), axis=1)
    scores = np.diff(cuts, axis=1, prepend=0, append=64) / 64
    truth = rng.integers(0, draw(st.integers(1, classes)), n)
    names = tuple(f"class {code}" for code in range(classes))
    return ClassificationSamples(
        truth.astype(np.int32), scores.argmax(axis=1).astype(np.int32), scores, names
    )


def values(samples, index=None, weight=None, metrics=ALL):
    chosen = np.arange(len(samples)) if index is None else index
    weights = np.ones((1, len(chosen))) if weight is None else np.asarray(weight)[None, :]
    return {
        key: float(one.values[0])
        for key, one in compute(samples, chosen, weights, metrics, per_class=True).items()
    }


def same(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert value == pytest.approx(other[key], abs=WITHIN, nan_ok=True), key


@given(evaluations(), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_never_matters(samples, random):
    order = list(range(len(samples)))
    random.shuffle(order)
    same(values(samples), values(samples, np.array(order)))


@given(evaluations(), st.data())
def test_a_weight_of_k_is_k_copies(samples, data):
    weight = data.draw(st.lists(st.integers(0, 4), min_size=len(samples), max_size=len(samples)))
    copies = np.repeat(np.arange(len(samples)), weight)
    same(values(samples, weight=weight), values(samples, copies))


@given(evaluations(), st.integers(2, 9))
def test_weights_matter_only_in_proportion(samples, factor):
    same(values(samples), values(samples, weight=np.full(len(samples), factor)))


@given(evaluations(), st.randoms(use_true_random=False))
def test_relabelling_the_classes_never_matters(samples, random):
    size = len(samples.classes)
    place = list(range(size))
    random.shuffle(place)
    code = np.array(place)  # where each class goes
    scores = np.empty_like(samples.scores)
    scores[:, code] = samples.scores
    names = tuple(samples.classes[place.index(one)] for one in range(size))
    relabelled = ClassificationSamples(
        code[samples.truth].astype(np.int32), code[samples.prediction].astype(np.int32), scores, names
    )
    before, after = values(samples), values(relabelled)
    assert before.keys() == after.keys()
    same(before, {key: after[key] for key in before})


@given(evaluations(), st.data())
def test_a_slice_is_the_same_as_its_samples_alone(samples, data):
    index = np.array(data.draw(st.lists(st.integers(0, len(samples) - 1), unique=True, min_size=1)))
    alone = ClassificationSamples(
        samples.truth[index], samples.prediction[index], samples.scores[index], samples.classes
    )
    assert str(values(samples, index)) == str(values(alone))


@given(evaluations())
def test_values_stay_within_their_range(samples):
    top = {"log_loss": 37, "brier": 1 if len(samples.classes) == 2 else 2}
    for (metric, _), value in values(samples).items():
        assert np.isnan(value) or 0 <= value <= top.get(metric, 1) + WITHIN


@given(evaluations())
def test_shares_of_samples_are_whole_numbers_of_them(samples):
    """So that an interval for counts may be made of value and n."""
    found = compute(samples, np.arange(len(samples)), np.ones((1, len(samples))), ALL, per_class=True)
    for (metric, class_), one in found.items():
        if METRICS[metric].is_proportion(class_) and not one.reason:
            successes = one.values[0] * one.n
            assert successes == pytest.approx(round(successes), abs=1e-9)


@given(evaluations(), st.integers(1, 30))
def test_blocks_of_replicates_are_the_same_to_the_last_bit(samples, cut):
    weights = np.random.default_rng(cut).poisson(1, (31, len(samples))).astype(np.uint8)
    index = np.arange(len(samples))
    whole = compute(samples, index, weights, ALL, per_class=True)
    parts = [compute(samples, index, part, ALL, per_class=True) for part in (weights[:cut], weights[cut:])]
    for key, one in whole.items():
        joined = np.concatenate([part[key].values for part in parts])
        assert np.array_equal(one.values, joined, equal_nan=True)


@pytest.mark.parametrize("classes", [9, 40])
def test_a_replicate_is_the_same_to_the_last_bit_whichever_others_are_computed_with_it(classes):
    rng = np.random.default_rng(classes)
    scores = rng.dirichlet(np.full(classes, 0.2), 300)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, 300 - classes)]).astype(np.int32)
    names = tuple(f"class {code}" for code in range(classes))
    samples = ClassificationSamples(truth, scores.argmax(axis=1).astype(np.int32), scores, names)
    weights = rng.poisson(1, (50, 300)).astype(np.uint8)
    together = compute(samples, np.arange(300), weights, ALL, per_class=True)
    for number, weight in enumerate(weights):
        alone = compute(samples, np.arange(300), weight[None], ALL, per_class=True)
        for key, one in together.items():
            assert one.values[number].tobytes() == alone[key].values[0].tobytes(), key


@settings(max_examples=25)
@given(evaluations(most=12))
def test_the_ranking_is_the_share_of_pairs_in_order(samples):
    found = values(samples, metrics=["auroc"])
    for code, name in enumerate(samples.classes):
        inside = samples.scores[samples.truth == code, code]
        outside = samples.scores[samples.truth != code, code]
        if len(inside) and len(outside):
            pairs = np.sign(inside[:, None] - outside[None, :]) / 2 + 0.5
            assert found["auroc", name] == pytest.approx(pairs.mean(), abs=WITHIN)
        else:
            assert np.isnan(found["auroc", name])

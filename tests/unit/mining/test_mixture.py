"""The error-aware mixture finds what lies together and is mistaken in the same way."""

import numpy as np

from seatrial.mining.mixture import Mixture, MixtureOptions


def drawn(seed=0, n=1500):
    """Two kinds of mistake of one class lie in two places; a third lies with what is right."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, n)
    vectors = random.normal(size=(n, 5)).astype(np.float32)
    vectors[:, 0] += 5 * truth
    place = np.where(random.random(n) < 0.12, random.integers(1, 3, n), 0) * (truth == 1)
    vectors[place == 1, 3] += 7
    vectors[place == 2, 3] -= 7
    wrong = (place > 0) & (random.random(n) < 0.9)
    prediction = np.where(wrong, 0, truth)
    return vectors, truth, prediction, wrong, place


def test_no_component_holds_two_kinds_of_mistake():
    vectors, truth, prediction, wrong, place = drawn()
    mixture = Mixture.fit(vectors, truth, prediction, wrong)
    which, typical = mixture.assign(vectors, truth, prediction)
    for kind in (1, 2):
        own = which[wrong & (place == kind)]
        usual = np.bincount(own).argmax()
        assert mixture.wrong[usual] > 0.9
    for component in np.unique(which[wrong & (place > 0)]):
        kinds = np.bincount(place[wrong & (which == component)], minlength=3)
        assert kinds.max() > 0.9 * kinds.sum()
    assert np.isfinite(typical).all()


def test_the_most_typical_of_a_component_are_of_its_place():
    vectors, truth, prediction, wrong, place = drawn(3)
    mixture = Mixture.fit(vectors, truth, prediction, wrong)
    which, typical = mixture.assign(vectors, truth, prediction)
    usual = np.bincount(which[wrong & (place == 1)]).argmax()
    best = np.flatnonzero(which == usual)
    best = best[np.argsort(-typical[best])[:10]]
    assert (place[best] == 1).all()


def test_the_unit_of_the_embeddings_does_not_matter():
    vectors, truth, prediction, wrong, _ = drawn(1)
    ours = Mixture.fit(vectors, truth, prediction, wrong).assign(vectors, truth, prediction)[0]
    scaled = vectors * np.float32(64)
    theirs = Mixture.fit(scaled, truth, prediction, wrong).assign(scaled, truth, prediction)[0]
    assert (ours == theirs).mean() > 0.999


def test_a_mixture_of_few_rows_assigns_all_of_them():
    vectors, truth, prediction, wrong, place = drawn(2, n=6000)
    options = MixtureOptions(rows=1500)
    mixture = Mixture.fit(vectors, truth, prediction, wrong, options)
    which, _ = mixture.assign(vectors, truth, prediction)
    assert len(which) == 6000
    usual = np.bincount(which[wrong & (place == 1)]).argmax()
    assert (place[wrong & (which == usual)] == 1).mean() > 0.9
    assert mixture.weights.sum() == np.float64(1).round(9) or abs(mixture.weights.sum() - 1) < 1e-9
    # errors are drawn more often than they are, which the weights know
    assert abs((mixture.weights * mixture.wrong).sum() - wrong.mean()) < 0.01


def test_too_few_errors_and_constant_embeddings_are_no_mixture():
    vectors, truth, prediction, wrong, _ = drawn()
    few = np.zeros_like(wrong)
    few[:5] = True
    assert Mixture.fit(vectors, truth, prediction, few) is None
    assert Mixture.fit(np.ones_like(vectors), truth, prediction, wrong) is None


def test_many_classes_share_components():
    random = np.random.default_rng(0)
    truth = random.integers(0, 500, 3000)
    prediction = np.where(random.random(3000) < 0.3, random.integers(0, 500, 3000), truth)
    vectors = random.normal(size=(3000, 4)).astype(np.float32)
    mixture = Mixture.fit(vectors, truth, prediction, truth != prediction)
    which, _ = mixture.assign(vectors, truth, prediction)
    assert len(mixture) < 200
    assert which.max() < len(mixture)


def test_a_class_that_was_not_seen_is_assigned_to_something():
    vectors, truth, prediction, wrong, _ = drawn()
    mixture = Mixture.fit(vectors, truth, prediction, wrong)
    which, typical = mixture.assign(vectors[:5], truth[:5] + 7, prediction[:5])
    assert len(which) == 5
    assert np.isfinite(typical).all()

"""Expected calibration error and the reliability diagram."""

import numpy as np
import pytest

from seatrial.metrics import ClassificationSamples, compute, reliability


def binary(confidence, correct):
    """A model that always says yes, with these confidences."""
    n = len(confidence)
    truth = np.where(correct, 1, 0).astype(np.int32)
    scores = np.stack([1 - np.asarray(confidence), confidence], axis=1)
    return ClassificationSamples(truth, np.ones(n, np.int32), scores, ("no", "yes"))


def test_bins_say_how_confident_and_how_right_the_model_is():
    given = binary([0.97, 0.99, 0.61, 0.62], [True, False, True, True])
    low, high = reliability(given, np.arange(4))
    assert low == {
        "low": pytest.approx(9 / 15),
        "high": pytest.approx(10 / 15),
        "n": 2,
        "confidence": pytest.approx(0.615),
        "accuracy": 1.0,
    }
    assert (high["n"], high["confidence"], high["accuracy"]) == (2, pytest.approx(0.98), 0.5)


def test_a_bin_holds_its_upper_edge():
    one, two = reliability(binary([0.2, np.nextafter(0.2, 1)], [True, True]), np.arange(2), bins=5)
    assert (one["low"], one["high"]) == (0.0, 0.2)
    assert two["low"] == 0.2


def test_the_ends_of_the_scale_belong_to_the_outer_bins():
    first, last = reliability(binary([0.0, 1.0], [False, True]), np.arange(2))
    assert first["low"] == 0.0
    assert last["high"] == 1.0


def test_the_error_is_the_mean_gap_weighted_by_the_samples_of_the_bins():
    given = binary([0.97, 0.99, 0.61, 0.62], [True, False, True, True])
    found = compute(given, np.arange(4), np.ones((1, 4)), ["ece"], per_class=False)
    assert found["ece", None].values == pytest.approx([(2 * 0.48 + 2 * 0.385) / 4])


def test_the_diagram_and_the_error_agree_on_any_choice_of_samples():
    rng = np.random.default_rng(5)
    confidence = rng.random(500)
    given = binary(confidence, rng.random(500) < confidence**2)
    for index in (np.arange(500), np.flatnonzero(rng.random(500) < 0.2)):
        bins = reliability(given, index)
        gap = sum(one["n"] * abs(one["confidence"] - one["accuracy"]) for one in bins) / len(index)
        found = compute(given, index, np.ones((1, len(index))), ["ece"], per_class=False)
        assert found["ece", None].values == pytest.approx([gap], abs=1e-14)


def test_without_confidences_there_is_no_diagram():
    given = ClassificationSamples(np.int32([0]), np.int32([0]), None, ("no", "yes"))
    assert reliability(given, np.arange(1)) == []


def test_without_samples_there_is_no_diagram():
    assert reliability(binary([0.5], [True]), np.int64([])) == []

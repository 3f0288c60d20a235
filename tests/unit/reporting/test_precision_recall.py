"""Curves of precision over recall."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from seatrial.metrics import ClassificationSamples, DetectionSamples
from seatrial.reporting.precision_recall import curves_of, precision_recall


def test_the_area_of_a_classifiers_curve_is_scikit_learns_average_precision(refused):
    table = refused.candidate
    samples, rows = ClassificationSamples.from_evaluation(table)
    curves = curves_of(table, {})
    assert set(curves) == set(samples.classes)
    for code, name in enumerate(samples.classes):
        expected = average_precision_score(samples.truth == code, table.scores[rows][:, code])
        assert curves[name].area == pytest.approx(expected, abs=1e-12)
        assert curves[name].recall[-1] == 1


def test_a_detectors_curve_passes_through_its_operating_point(detection_table):
    truths = [{"image": f"{i}", "class": "cat", "box": (0, 0, 10, 10)} for i in range(4)]
    found = [
        {"image": f"{i}", "class": "cat", "box": (0, 0, 10, 10), "score": 0.9 - i / 10} for i in range(3)
    ]
    false = [{"image": "0", "class": "cat", "box": (50, 50, 10, 10), "score": 0.85}]
    table = detection_table(["0", "1", "2", "3"], ["cat"], truths, [*found, *false])
    curve = curves_of(table, {})["cat"]
    assert curve.recall.tolist() == [0.25, 0.25, 0.5, 0.75]
    assert curve.precision.tolist() == [1, 0.5, 2 / 3, 0.75]
    samples, _ = DetectionSamples.from_evaluation(table)
    assert curve.positives == len(samples.truths)
    assert curve.area == pytest.approx(0.25 * (1 + 2 / 3 + 0.75))


def test_the_worst_classes_are_drawn_first_with_the_champion(refused):
    drawn = precision_recall(refused.inputs())
    areas = [float(one["area"].split("\u202f")[0]) for one in drawn]
    assert areas == sorted(areas)
    assert all("champion" in one["before"] and one["figure"].count("<polyline") == 2 for one in drawn)
    assert np.isfinite(areas).all()

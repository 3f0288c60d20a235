"""Detections are read with their rows named, and say what they rest on and what misleads."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.compiled import compiled
from seatrial.errors import InputError
from seatrial.metrics import DetectionSamples, compute

CAT = {"image": "a", "class": "cat", "box": (0, 0, 10, 10)}


def say(one, score, **changes):
    return {**one, "score": score, **changes}


@pytest.fixture
def table(detection_table):
    return detection_table(["a", "b"], ["cat", "dog"], [CAT], [say(CAT, 0.9), say(CAT, 0.6, image="b")])


def reasons(samples, metric):
    found = compute(samples, np.arange(len(samples)), np.ones((1, len(samples))), [metric], per_class=True)
    return {class_: (one.n, one.reason) for (_, class_), one in found.items()}


def test_only_annotated_images_count(detection_table):
    table = detection_table(
        ["a", "b"], ["cat"], [CAT], [say(CAT, 0.9), say(CAT, 0.6, image="b")], width_px=[1, 2]
    )
    place = table.samples.column_names.index("annotated")
    samples = table.samples.set_column(place, "annotated", pa.array([True, False]))
    unlabelled = type(table)(table.header, samples, objects=table.objects)
    found, kept = DetectionSamples.from_evaluation(unlabelled)
    assert (len(found), kept.tolist(), len(found.predictions)) == (1, [0], 1)


def test_a_value_says_what_it_rests_on_or_why_there_is_none(table):
    samples, _ = DetectionSamples.from_evaluation(table)
    assert reasons(samples, "map_50_95") == {
        None: (1, ""),
        "cat": (1, ""),
        "dog": (0, "no object of class 'dog' that counts"),
    }
    assert reasons(samples, "map_large")[None] == (0, "no large object that counts")
    assert reasons(samples, "precision") == {
        None: (2, ""),
        "cat": (2, ""),
        "dog": (0, "no prediction of class 'dog' of score 0.5 or more"),
    }
    assert reasons(samples, "recall")["dog"] == (0, "no object of class 'dog' that counts")
    assert reasons(samples, "f1")["dog"] == (0, "no object of class 'dog' that counts, and none predicted")
    assert reasons(samples, "fp_per_image") == {None: (2, ""), "cat": (2, ""), "dog": (2, "")}
    assert reasons(samples, "ece") == {None: (2, "")}


def test_a_detector_that_says_nothing_has_a_precision_of_zero(detection_table):
    samples, _ = DetectionSamples.from_evaluation(detection_table(["a"], ["cat"], [CAT], []))
    found = compute(samples, np.array([0]), np.ones((1, 1)), ["precision", "ece"], per_class=False)
    assert (found["precision", None].values[0], found["precision", None].reason) == (0, "")
    assert found["ece", None].reason == "no prediction"


def test_images_without_any_object_have_no_value_but_a_rate_of_false_positives(detection_table):
    samples, _ = DetectionSamples.from_evaluation(detection_table(["a", "b"], ["cat"], [], [say(CAT, 0.9)]))
    found = compute(samples, np.arange(2), np.ones((1, 2)), ["map_50", "fp_per_image"], per_class=False)
    assert found["map_50", None].reason == "no object that counts"
    assert found["fp_per_image", None].values[0] == 0.5


def test_predictions_that_find_an_ignored_truth_neither_count_nor_hurt(detection_table):
    aside = {**CAT, "box": (100, 0, 10, 10), "ignore": True}
    table = detection_table(["a"], ["cat"], [CAT, aside], [say(CAT, 0.8), say(aside, 0.9, ignore=False)])
    samples, _ = DetectionSamples.from_evaluation(table)
    assert samples.confusion(np.array([0])) == [(0, 0, 1)]
    found = compute(samples, np.array([0]), np.ones((1, 1)), ["map_50_95", "precision"], per_class=False)
    assert [float(one.values[0]) for one in found.values()] == [pytest.approx(1), 1]


def test_a_second_prediction_of_an_ignored_truth_is_a_false_positive(detection_table):
    aside = {**CAT, "ignore": True}
    twice = [say(CAT, 0.8), say(CAT, 0.7)]
    samples, _ = DetectionSamples.from_evaluation(detection_table(["a"], ["cat"], [aside], twice))
    assert samples.confusion(np.array([0])) == [(1, 0, 1)]
    crowd, _ = DetectionSamples.from_evaluation(
        detection_table(["a"], ["cat"], [{**aside, "crowd": True}], twice)
    )
    assert crowd.confusion(np.array([0])) == []


def test_truths_and_predictions_are_counted_by_class(table):
    samples, _ = DetectionSamples.from_evaluation(table)
    assert samples.class_counts.tolist() == [[1, 0], [2, 0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"score": 1.5},
            r"objects row 2 \(image 'a'\), column 'score': expected a number from 0 to 1, got 1.5",
        ),
        ({"score": None}, r"row 2 .* column 'score': expected a number from 0 to 1, got None"),
        ({"class": "eel"}, r"row 2 .* column 'class': expected one of 'cat', 'dog', got 'eel'"),
        ({"x": float("nan")}, r"row 2 .* column 'x': expected a number, got nan"),
        ({"role": "guess"}, r"row 2 .* column 'role': expected 'truth' or 'prediction', got 'guess'"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_row(table, change, message):
    rows = table.objects.to_pylist()
    rows[1] |= change
    broken = type(table)(
        table.header, table.samples, objects=pa.Table.from_pylist(rows, table.objects.schema)
    )
    with pytest.raises(InputError, match=message):
        DetectionSamples.from_evaluation(broken)


def test_masks_overlap_only_where_every_object_has_one(table):
    with pytest.raises(InputError, match=r"row 1 \(image 'a'\), column 'mask': expected a mask"):
        DetectionSamples.from_evaluation(table, geometry="mask")


def test_an_image_with_more_predictions_than_coco_counts_is_warned_of(detection_table):
    many = [say(CAT, number / 200, box=(20 * number, 0, 10, 10)) for number in range(101)]
    samples, _ = DetectionSamples.from_evaluation(detection_table(["a", "b"], ["cat"], [CAT], many))
    assert samples.saturated(np.arange(2)) == 1
    assert samples.saturated(np.array([1])) == 0
    (warning,) = samples.warnings()
    assert warning == (
        "in 1 of 2 images a class has more than 100 predictions: "
        "average precision and recall see the best 100 alone"
    )


def test_predictions_that_seem_cut_at_a_threshold_are_warned_of(table):
    samples, _ = DetectionSamples.from_evaluation(table)
    assert samples.lowest_score == 0.6
    (warning,) = samples.warnings()
    assert warning == (
        "no prediction has a score below 0.6: they seem cut at a threshold, which lowers average precision "
        "and recall; keep predictions of low scores"
    )


def test_scores_that_are_all_equal_are_warned_of(detection_table):
    flat = [say(CAT, 0.05), say(CAT, 0.05, image="b")]
    samples, _ = DetectionSamples.from_evaluation(detection_table(["a", "b"], ["cat"], [CAT], flat))
    assert samples.warnings() == (
        "all scores are equal: predictions cannot be ranked, average precision means little",
    )


def test_a_classification_has_no_detections(table):
    from dataclasses import replace

    other = replace(table, header=replace(table.header, task="classification"))
    with pytest.raises(InputError, match="by hand: expected a detection, got classification"):
        DetectionSamples.from_evaluation(other)


def test_a_kernel_compiles_where_no_folder_can_keep_it():
    scope = {}
    exec("def double(x):\n    return 2 * x", scope)  # a function of no file has no place for its machine code
    assert compiled(scope["double"])(21) == 42

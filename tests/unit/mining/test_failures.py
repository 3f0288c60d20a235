"""What fails, unit by unit, in the three tasks."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable, classification_samples
from seatrial.evaluation.pixels import PIXEL_SCHEMA
from seatrial.mining import Failures
from seatrial.mining.failures import KINDS
from seatrial.slices import MeasureOptions

CLASSES = ("cat", "dog", "owl")


def classified(labels, predictions, *, scores=None, groups=None):
    codes = np.array([CLASSES.index(one) for one in predictions])
    images = pa.table(
        {
            "id": [f"i{row}" for row in range(len(labels))],
            "label": pa.array(labels, pa.string()),
            "group": pa.array(groups or [None] * len(labels), pa.string()),
        }
    )
    header = EvaluationHeader("classification", CLASSES, "m", "sha256:0", "d", "sha256:0", len(labels))
    return EvaluationTable(header, classification_samples(images, CLASSES, codes, None, scores), scores)


def kinds(failures):
    return [KINDS[code] for code in failures.kind]


def test_a_wrong_sample_is_confused_and_one_without_truth_is_no_unit():
    failures = Failures.from_evaluation(classified(["cat", None, "dog", "owl"], ["cat", "cat", "owl", "owl"]))
    assert failures.id.tolist() == ["i0", "i2", "i3"]
    assert failures.row.tolist() == [0, 2, 3]
    assert failures.error.tolist() == [False, True, False]
    assert kinds(failures) == ["right", "confused", "right"]
    assert failures.cell(1) == ("dog", "owl")
    assert failures.level == "image"


def test_the_loss_is_the_cross_entropy_or_else_whether_it_is_wrong():
    scores = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]], dtype=np.float32)
    known = Failures.from_evaluation(classified(["cat", "cat"], ["cat", "dog"], scores=scores))
    assert known.loss.tolist() == pytest.approx([np.log(2), np.log(4)])
    assert Failures.from_evaluation(classified(["cat", "cat"], ["cat", "dog"])).loss.tolist() == [0, 1]


def test_samples_of_one_scene_belong_together_and_share_no_name_with_a_sample():
    failures = Failures.from_evaluation(classified(["cat"] * 3, ["cat"] * 3, groups=["a", "a", None]))
    assert failures.group[0] == failures.group[1] != failures.group[2]
    with pytest.raises(InputError, match=r"the column that groups samples.*'scene'"):
        Failures.from_evaluation(classified(["cat"], ["cat"]), options=MeasureOptions(group="scene"))


@pytest.fixture
def detected(detection_table):
    """One object of each fate, and false positives of each kind."""
    truths = [
        {"image": "a", "class": "cat", "box": (0, 0, 10, 10)},  # found
        {"image": "a", "class": "cat", "box": (50, 0, 10, 10)},  # taken for a dog
        {"image": "a", "class": "dog", "box": (0, 50, 10, 10)},  # badly placed
        {"image": "b", "class": "dog", "box": (50, 50, 10, 10)},  # missed
        {"image": "b", "class": "dog", "box": (90, 90, 10, 10)},  # found, but of a low score
        {"image": "b", "class": "owl", "box": (0, 0, 99, 99), "ignore": True},
    ]
    predictions = [
        {"image": "a", "class": "cat", "box": (0, 0, 10, 10), "score": 0.9},
        {"image": "a", "class": "cat", "box": (0, 1, 10, 10), "score": 0.7},  # duplicate
        {"image": "a", "class": "dog", "box": (50, 0, 10, 10), "score": 0.8},
        {"image": "a", "class": "owl", "box": (50, 0, 10, 10), "score": 0.6},  # less sure of the same truth
        {"image": "a", "class": "dog", "box": (6, 50, 10, 10), "score": 0.75},
        {"image": "a", "class": "owl", "box": (150, 150, 10, 10), "score": 0.65},  # nothing is there
        {"image": "a", "class": "owl", "box": (170, 150, 10, 10), "score": 0.2},  # says nothing
        {"image": "b", "class": "dog", "box": (90, 90, 10, 10), "score": 0.3},
    ]
    return detection_table(["a", "b"], CLASSES, truths, predictions)


def test_each_object_of_a_detection_has_its_kind_and_its_cell(detected):
    failures = Failures.from_evaluation(detected)
    nothing = "(background)"
    found = [
        (kind, *failures.cell(unit), round(float(failures.loss[unit]), 2))
        for unit, kind in enumerate(kinds(failures))
    ]
    assert sorted(found[:7]) == sorted(
        [
            ("right", "cat", "cat", 0.1),
            ("confused", "cat", "dog", 1.0),
            ("badly placed", "dog", "dog", 1.0),
            ("duplicate", nothing, "cat", 0.7),
            ("confused", "cat", "owl", 0.6),
            ("background", nothing, "owl", 0.65),
            ("missed", "dog", nothing, 1.0),
        ]
    )
    assert found[7:] == [("missed", "dog", nothing, 0.7)]
    assert failures.row.tolist() == [0] * 6 + [1] * 2
    assert failures.level == "object"


def test_a_unit_of_a_detection_names_its_box_and_its_row_among_the_objects(detected):
    failures = Failures.from_evaluation(detected)
    rows = detected.objects.to_pylist()
    for unit, row in enumerate(failures.object.tolist()):
        assert [rows[row][side] for side in ("x", "y", "width", "height")] == failures.boxes[unit].tolist()
        assert rows[row]["image"] == failures.id[unit]
    assert failures.to_table().column("kind").to_pylist() == kinds(failures)


def test_a_lower_operating_point_finds_more_and_calls_more_false(detected):
    low = Failures.from_evaluation(detected, options=MeasureOptions(score=0.1))
    high = Failures.from_evaluation(detected)
    assert kinds(low).count("missed") == kinds(high).count("missed") - 1
    assert kinds(low).count("background") == kinds(high).count("background") + 1


def test_a_prediction_that_overlaps_too_little_for_a_strict_operating_point_is_badly_placed(detection_table):
    truths = [{"image": "a", "class": "cat", "box": (0, 0, 10, 10)}]
    predictions = [{"image": "a", "class": "cat", "box": (0, 2, 10, 10), "score": 0.9}]
    table = detection_table(["a"], CLASSES, truths, predictions)
    failures = Failures.from_evaluation(table, options=MeasureOptions(iou=0.9))
    assert set(kinds(failures)) <= {"badly placed", "missed"}
    assert failures.error.all()


def segmented(*images):
    """Each image is a list of (label, prediction, pixels)."""
    rows = []
    for number, pairs in enumerate(images):
        codes = {one for label, prediction, _ in pairs for one in (label, prediction)}
        counted = {(label, prediction): pixels for label, prediction, pixels in pairs}
        for label, prediction in {*counted, *((one, one) for one in codes)}:
            edge = 0 if label == prediction else None
            rows.append(
                {
                    "image": f"i{number}",
                    "label": label,
                    "prediction": prediction,
                    "pixels": counted.get((label, prediction), 0),
                    "boundary_truth": edge,
                    "boundary_prediction": edge,
                    "boundary_both": edge,
                }
            )
    samples = pa.table(
        {"id": [f"i{number}" for number in range(len(images))], "annotated": [True] * len(images)}
    )
    header = EvaluationHeader("segmentation", CLASSES, "m", "sha256:0", "d", "sha256:0", len(images))
    return EvaluationTable(header, samples, pixels=pa.Table.from_pylist(rows, PIXEL_SCHEMA))


def test_images_of_low_overlap_fail_and_say_what_was_mistaken():
    table = segmented(
        [("cat", "cat", 100)],
        [("cat", "cat", 50), ("cat", "dog", 30), ("dog", "cat", 20), ("dog", "dog", 10)],
        [],
    )
    failures = Failures.from_evaluation(table, low_iou=0.6)
    assert failures.id.tolist() == ["i0", "i1"]  # what is void is no unit
    assert failures.error.tolist() == [False, True]
    assert failures.loss.tolist() == pytest.approx([0, 1 - (50 / 100 + 10 / 60) / 2])
    assert failures.cell(1) == ("cat", "dog")
    assert failures.bound == 0.6


def test_without_a_bound_the_worst_fifth_of_the_images_fails():
    table = segmented(*([("cat", "cat", 100 - n), ("cat", "dog", n)] for n in range(10)))
    failures = Failures.from_evaluation(table)
    assert failures.id[failures.error].tolist() == ["i8", "i9"]


def test_a_segmenter_that_is_always_right_fails_nowhere():
    failures = Failures.from_evaluation(segmented(*([("cat", "cat", 100)] for _ in range(6))))
    assert not failures.error.any()


def test_a_bound_outside_of_its_range_is_an_error():
    with pytest.raises(InputError, match="low_iou: expected a number from 0 to 1, got 1.5"):
        Failures.from_evaluation(segmented([("cat", "cat", 1)]), low_iou=1.5)

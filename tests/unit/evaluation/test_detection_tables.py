"""Truths and predictions side by side, in the order of the images."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.datasets import OBJECT_SCHEMA
from seatrial.datasets.rle import encode_mask
from seatrial.errors import InputError
from seatrial.evaluation import EVALUATED_OBJECT_SCHEMA, DetectedObjects, detection_tables

CLASSES = ("cat", "dog")


def images(*ids):
    count = len(ids)
    return pa.table({"site": ["x"] * count, "content": ["c"] * count, "id": ids, "annotated": [True] * count})


def truths(*rows):
    """Truths as (image, annotation, class, occluded)."""
    objects = [
        {
            **dict.fromkeys(("x", "y"), 1.0),
            **dict.fromkeys(("width", "height"), 4.0),
            "image": image,
            "annotation": annotation,
            "class": name,
            "area": 16.0,
            "crowd": False,
            "ignore": False,
            "occluded": occluded,
        }
        for image, annotation, name, occluded in rows
    ]
    return pa.Table.from_pylist(objects, schema=pa.schema([*OBJECT_SCHEMA, ("occluded", pa.bool_())]))


def found(*scores, masks=None, codes=None):
    count = len(scores)
    boxes = np.tile([1.0, 2.0, 3.0, 4.0], (count, 1))
    classes = np.array(codes if codes is not None else [1] * count, dtype=np.int64)
    return DetectedObjects(boxes, np.array(scores, dtype=np.float64), classes, masks)


def test_objects_are_in_the_order_of_the_images_truths_first_predictions_in_the_models_order():
    samples, objects = detection_tables(
        images("b", "a", "none"),
        truths(("a", "1", "cat", True), ("b", "2", "dog", False), ("a", "3", "dog", None)),
        CLASSES,
        [found(0.2, 0.9), found(0.5), found()],
    )
    keys = zip(
        *(objects.column(name).to_pylist() for name in ("image", "role", "annotation", "score")), strict=True
    )
    assert list(keys) == [
        ("b", "truth", "2", None),
        ("b", "prediction", None, 0.2),
        ("b", "prediction", None, 0.9),
        ("a", "truth", "1", None),
        ("a", "truth", "3", None),
        ("a", "prediction", None, 0.5),
    ]
    assert samples.column("truths").to_pylist() == [1, 2, 0]
    assert samples.column("predictions").to_pylist() == [2, 1, 0]


def test_columns_are_those_of_the_contract_and_attributes_are_of_truths_only():
    samples, objects = detection_tables(images("a"), truths(("a", "1", "cat", True)), CLASSES, [found(0.5)])
    assert samples.column_names == ["id", "annotated", "truths", "predictions", "content", "site"]
    assert objects.schema.names == [*EVALUATED_OBJECT_SCHEMA.names, "occluded"]
    assert objects.column("occluded").to_pylist() == [True, None]
    assert objects.column("crowd").to_pylist() == objects.column("ignore").to_pylist() == [False, False]
    assert objects.column("class").to_pylist() == ["cat", "dog"]
    assert objects.column("area").to_pylist() == [16, 12]


def test_the_area_of_a_prediction_with_a_mask_is_the_masks():
    mask = np.zeros((8, 9), dtype=np.bool_)
    mask[2:4, 1:4] = True
    both = detection_tables(
        images("a", "b"), truths(), CLASSES, [found(0.5, masks=(encode_mask(mask),)), found(0.6)]
    )
    assert both[1].column("area").to_pylist() == [6, 12]
    assert both[1].column("mask").to_pylist() == [encode_mask(mask), None]


def test_truths_of_other_images_are_left_out():
    shard = detection_tables(images("a"), truths(("b", "1", "cat", None)), CLASSES, [found()])
    assert shard[1].num_rows == 0


@pytest.mark.parametrize("score", [-0.1, 1.5, np.nan])
def test_a_score_that_is_no_score_is_refused(score):
    with pytest.raises(InputError, match=r"prediction 1: expected a score in \[0, 1\]"):
        found(0.5, score)


def test_a_box_that_is_no_box_is_refused():
    with pytest.raises(InputError, match="prediction 0: expected a box of numbers"):
        DetectedObjects(np.array([[0, 0, np.nan, 1.0]]), np.array([0.5]), np.array([0]))


def test_lengths_that_differ_are_refused():
    with pytest.raises(InputError, match=r"as scores \(2\), got boxes of shape \(1, 4\), 2 classes, 2 masks"):
        DetectedObjects(np.zeros((1, 4)), np.array([0.5, 0.4]), np.array([0, 1]))


def test_a_class_code_outside_the_classes_names_the_image():
    with pytest.raises(InputError, match="image 'a': expected class codes from 0 to 1, got 2"):
        detection_tables(images("a"), truths(), CLASSES, [found(0.5, codes=[2])])

"""What a segmenter said of each annotated image, taken from its evaluation."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import SegmentationSamples, compute

CLASSES = ("sky", "sea", "ship")

#: image, truth, prediction, pixels, and boundaries of truth, prediction and both
ROWS = [
    ("a", "sky", "sky", 6, 3, 4, 2),
    ("a", "sky", "sea", 2, None, None, None),
    ("a", "sea", "sea", 8, 5, 6, 5),
    ("b", "sky", "sky", 16, 0, 0, 0),
]


def evaluation(rows=ROWS, ids=("a", "b"), annotated=(True, True), task="segmentation", classes=CLASSES):
    names = ("image", "label", "prediction", "pixels")
    names += ("boundary_truth", "boundary_prediction", "boundary_both")
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 7
    types = [pa.string()] * 3 + [pa.int64()] * 4
    pixels = pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})
    header = EvaluationHeader(task, tuple(classes), "m", "sha256:m", "d", "sha256:d", len(ids))
    return EvaluationTable(header, pa.table({"id": list(ids), "annotated": list(annotated)}), pixels=pixels)


def of(table, metrics, index=None):
    samples, _ = SegmentationSamples.from_evaluation(table)
    index = np.arange(len(samples)) if index is None else np.array(index)
    return compute(samples, index, np.ones((1, len(index))), metrics, per_class=True)


def test_annotated_images_are_kept_and_say_where_they_come_from():
    samples, rows = SegmentationSamples.from_evaluation(
        evaluation(ids=("z", "a", "b"), annotated=(False, True, True))
    )
    assert rows.tolist() == [1, 2]
    assert len(samples) == 2
    assert samples.pairs[:, 0].tolist() == [0, 0, 0, 1]


def test_the_order_of_the_rows_does_not_matter():
    forth, _ = SegmentationSamples.from_evaluation(evaluation())
    back, _ = SegmentationSamples.from_evaluation(evaluation(ROWS[::-1]))
    assert forth.pairs.tolist() == back.pairs.tolist()
    assert forth.areas.tolist() == back.areas.tolist()


def test_a_class_that_is_predicted_alone_has_an_overlap_of_zero():
    rows = [*ROWS, ("b", "sky", "ship", 4, None, None, None), ("b", "ship", "ship", 0, 0, 3, 0)]
    found = of(evaluation(rows), ["miou", "boundary_iou"])
    assert found["miou", "ship"].values[0] == 0
    assert found["boundary_iou", "ship"].values[0] == 0
    assert found["miou", None].values[0] == pytest.approx((22 / 28 + 8 / 10 + 0) / 3)


def test_a_class_that_is_not_there_says_so_and_is_left_out_of_the_mean():
    found = of(evaluation(), ["miou", "dice"])
    assert found["miou", "ship"].reason == "no pixel of class 'ship' and none predicted as it"
    assert found["miou", "ship"].n == 0
    assert found["miou", None].values[0] == pytest.approx((22 / 24 + 8 / 10) / 2)


def test_an_image_of_one_class_alone_has_no_boundary():
    found = of(evaluation(), ["boundary_iou", "miou"], [1])
    assert found["boundary_iou", "sky"].reason == "class 'sky' has no boundary"
    assert found["boundary_iou", None].reason == "no class has a boundary"
    assert found["miou", None].values[0] == 1


def test_values_rest_on_the_images_in_which_the_class_occurs():
    found = of(evaluation(), ["miou", "miou_per_image", "pixel_accuracy", "boundary_iou"])
    assert found["miou", "sky"].n == 2
    assert found["miou_per_image", "sea"].n == 1
    assert found["boundary_iou", "sky"].n == 1
    assert found["pixel_accuracy", None].n == 2


def test_an_image_whose_pixels_are_all_void_has_no_value():
    found = of(evaluation(ids=("a", "b", "v"), annotated=(True,) * 3), ["miou", "pixel_accuracy"], [2])
    assert {one.reason for key, one in found.items() if key[1] is None} == {"no pixel that is not void"}


def test_an_evaluation_without_annotated_images_gives_no_samples():
    samples, rows = SegmentationSamples.from_evaluation(evaluation([], annotated=(False, False)))
    assert len(samples) == len(rows) == 0
    assert samples.confusion(np.arange(0)) == []


def test_a_detection_is_no_segmentation():
    with pytest.raises(InputError, match="m: expected a segmentation, got detection"):
        SegmentationSamples.from_evaluation(evaluation(task="detection"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("c", "sky", "sky", 1, 0, 0, 0), r"row 5, column 'image': expected an annotated image .*got 'c'"),
        (("b", "sky", "hull", 1, None, None, None), r"row 5, column 'prediction': .*'ship'.* got 'hull'"),
        (("b", None, "sky", 1, None, None, None), r"row 5, column 'label': expected a class .*got None"),
        (("b", "sky", "sky", 1, 0, 0, 0), r"image 'b', 'sky' taken for 'sky': expected each pair once"),
        (("b", "sea", "sea", -1, 0, 0, 0), r"image 'b', 'sea' taken for 'sea', column 'pixels': .* got -1"),
        (("b", "sea", "sea", 1, 0, None, 0), r"column 'boundary_prediction': .* got None"),
        (("b", "sky", "ship", 1, None, None, None), r"'sky' taken for 'ship': expected a row with the bound"),
    ],
)
def test_counts_that_cannot_be_are_named(row, message):
    with pytest.raises(InputError, match=message):
        SegmentationSamples.from_evaluation(evaluation([*ROWS, row]))

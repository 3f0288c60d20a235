"""The check ``label_errors`` of a detection: swapped, badly placed and overlooked boxes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.quality import CheckInput, CheckOptions, NotApplicableError, measure
from seatrial.quality.label_errors import label_errors
from seatrial.quality.label_errors.boxes import doubt_boxes

CLASSES = ("car", "bus")
IMAGES = tuple(f"i{number}" for number in range(6))


def grid(image, count=4, **changed):
    """Objects far from each other in one image."""
    return [
        {"image": image, "class": "car", "box": (100.0 * at, 10.0, 40.0, 30.0), **changed}
        for at in range(count)
    ]


@pytest.fixture
def scene(detection_table):
    """Six images whose objects are found as they are annotated, with what is changed."""

    def make(truths=None, predictions=None, classes=CLASSES):
        truths = [one for image in IMAGES for one in grid(image)] if truths is None else truths
        if predictions is None:
            predictions = [one for image in IMAGES for one in grid(image, score=0.8)]
        return detection_table(IMAGES, classes, truths, predictions)

    return make


def given(table, **options):
    images = pa.table(
        {
            "id": table.samples.column("id"),
            "uri": pa.nulls(len(table), pa.string()),
            "annotated": table.samples.column("annotated"),
            "group": pa.nulls(len(table), pa.string()),
            "content": pa.nulls(len(table), pa.string()),
        }
    )
    objects = OBJECT_SCHEMA.empty_table()
    manifest = DatasetManifest("cars", "detection", table.header.classes, images, objects)
    return CheckInput(measure(manifest), None, CheckOptions(), Path(), None, table, **options)


def without(rows, image, place):
    """Take one object of an image away."""
    one = [row for row in rows if row["image"] == image][place]
    return [row for row in rows if row is not one], one


def rows(**changed):
    return [one for image in IMAGES for one in grid(image, **changed)]


def test_boxes_that_a_detector_confirms_are_no_findings(scene):
    assert label_errors(given(scene())).findings == ()


def test_an_object_without_annotation_is_suggested_as_it_was_found(scene):
    truths, gone = without(rows(), "i2", 1)
    (finding,) = label_errors(given(scene(truths))).findings
    assert (finding.sample_ids, finding.evidence["kind"]) == (("i2",), "overlooked")
    (box,) = finding.evidence["suggested_boxes"]
    assert (box["class"], box["x"], box["width"], box["score"]) == ("car", gone["box"][0], 40.0, 0.8)
    assert finding.message == "probably 1 object without annotation: car"


def test_a_class_that_nobody_annotated_is_found_as_overlooked(scene):
    buses = [{"image": one, "class": "bus", "box": (0.0, 200.0, 60.0, 60.0), "score": 0.9} for one in IMAGES]
    found = label_errors(given(scene(None, rows(score=0.8) + buses))).findings
    assert {one.sample_ids[0] for one in found} == set(IMAGES)
    assert {one.evidence["classes"][0] for one in found} == {"bus"}


def test_a_box_of_another_class_keeps_its_place(scene):
    truths = rows()
    truths[5] = truths[5] | {"class": "bus", "annotation": "seven"}
    (finding,) = label_errors(given(scene(truths))).findings
    assert (finding.sample_ids, finding.evidence["kind"]) == (("i1",), "swapped")
    (box,) = finding.evidence["suggested_boxes"]
    assert (box["class"], box["was_class"], box["annotation"]) == ("car", "bus", "seven")
    assert (box["x"], box["y"]) == truths[5]["box"][:2]


def test_a_class_that_is_predicted_as_well_is_not_swapped(scene):
    truths = rows()
    predictions = [*rows(score=0.8), truths[5] | {"class": "bus", "score": 0.79}]
    assert label_errors(given(scene(truths, predictions))).findings == ()


def test_a_box_beside_its_object_is_suggested_where_the_object_is(scene):
    truths = rows()
    truths[9] = truths[9] | {"box": (120.0, 20.0, 40.0, 30.0)}
    (finding,) = label_errors(given(scene(truths))).findings
    assert (finding.sample_ids, finding.evidence["kind"]) == (("i2",), "badly_placed")
    (box,) = finding.evidence["suggested_boxes"]
    assert (box["x"], box["y"]) == (100.0, 10.0)
    assert box["was"] == [120.0, 20.0, 40.0, 30.0]


def test_unsure_predictions_on_nothing_are_no_objects(scene):
    stray = [{"image": "i0", "class": "car", "box": (0.0, 200.0, 40.0, 30.0), "score": 0.5}]
    assert label_errors(given(scene(None, rows(score=0.8) + stray))).findings == ()


def test_what_is_sure_is_learned_from_the_detector(scene):
    stray = [{"image": "i0", "class": "car", "box": (0.0, 200.0, 40.0, 30.0), "score": 0.5}]
    (finding,) = label_errors(given(scene(None, rows(score=0.4) + stray))).findings
    assert finding.evidence["kind"] == "overlooked"


def test_a_crowd_covers_what_is_found_in_it_and_is_not_doubted(scene):
    crowd = {"image": "i0", "class": "car", "box": (0.0, 150.0, 300.0, 200.0), "crowd": True}
    inside = {"image": "i0", "class": "bus", "box": (50.0, 200.0, 40.0, 30.0), "score": 0.9}
    assert label_errors(given(scene([*rows(), crowd], [*rows(score=0.8), inside]))).findings == ()


def test_ignored_objects_are_not_doubted(scene):
    truths = rows()
    truths[5] = truths[5] | {"class": "bus", "ignore": True}
    assert label_errors(given(scene(truths))).findings == ()


def test_what_a_detector_knows_by_heart_is_no_evidence(scene):
    with pytest.raises(NotApplicableError, match="trained on these boxes"):
        label_errors(given(scene(), in_sample=True))


def test_images_that_nobody_annotated_are_not_judged(scene):
    table = scene()
    table = replace(table, samples=table.samples.set_column(1, "annotated", pa.array([False] * len(IMAGES))))
    with pytest.raises(NotApplicableError, match="no image is annotated"):
        label_errors(given(table))


def doubts(samples):
    return doubt_boxes(samples.truths, samples.predictions, len(samples), len(samples.classes))


@pytest.mark.parametrize("seed", range(8))
def test_doubts_do_not_depend_on_scale_nor_on_the_order_of_images(drawn_detections, seed):
    samples = drawn_detections(seed, images=6)
    larger = replace(
        samples,
        truths=replace(samples.truths, box=samples.truths.box * 8),
        predictions=replace(samples.predictions, box=samples.predictions.box * 8),
    )
    turned = replace(
        samples,
        truths=replace(samples.truths, image=(5 - samples.truths.image).astype(np.int32)),
        predictions=replace(samples.predictions, image=(5 - samples.predictions.image).astype(np.int32)),
    )
    one, scaled, other = doubts(samples), doubts(larger), doubts(turned)
    for name in ("swapped", "badly_placed", "overlooked"):
        assert getattr(scaled, name) == pytest.approx(getattr(one, name))
        assert getattr(other, name) == pytest.approx(getattr(one, name))
    assert other.quality[::-1] == pytest.approx(one.quality)
    assert ((one.quality > 0) & (one.quality <= 1)).all()


def test_an_image_without_boxes_is_as_good_as_can_be(drawn_detections):
    samples = drawn_detections(0, images=3)
    emptied = replace(
        samples,
        truths=replace(samples.truths, image=np.zeros_like(samples.truths.image)),
        predictions=replace(samples.predictions, image=np.zeros_like(samples.predictions.image)),
    )
    assert doubts(emptied).quality[1:].tolist() == [1.0, 1.0]

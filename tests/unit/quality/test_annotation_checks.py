"""Objects and masks are checked as labels are."""

import json

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import read_dataset
from seatrial.quality import CHECKS, run_checks
from seatrial.quality.annotations import annotations
from seatrial.quality.check import NotApplicableError
from seatrial.quality.class_balance import class_balance
from seatrial.quality.exact_duplicates import exact_duplicates
from seatrial.quality.missing_labels import missing_labels
from seatrial.quality.object_boxes import object_boxes


@pytest.fixture
def detection(tmp_path):
    """Read images of 60 × 40 pixels with boxes as (image, class, x, y, width, height)."""

    def make(*boxes, pixels=None, folder="boxes"):
        place = tmp_path / folder
        place.mkdir()
        images = []
        for number, name in enumerate(("a", "b", "c")):
            seed = (pixels or {}).get(name, number)
            noise = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)
            Image.fromarray(noise).save(place / f"{name}.png")
            images.append({"id": name, "file_name": f"{name}.png", "width": 60, "height": 40})
        found = [
            {"id": at, "image_id": image, "category_id": kind, "bbox": box, "area": 1, "iscrowd": 0}
            for at, (image, kind, *box) in enumerate(boxes, start=10)
        ]
        categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        body = {"images": images, "annotations": found, "categories": categories}
        (place / "instances.json").write_text(json.dumps(body))
        return read_dataset(f"coco:{place}/instances.json")

    return make


@pytest.fixture
def segmentation(tmp_path):
    """Read images of 60 × 40 pixels with masks of one code each; None for an image without a mask."""

    def make(folder="masks", same=False, **codes):
        for number, (name, code) in enumerate(codes.items()):
            for kind in ("images", "masks"):
                (tmp_path / folder / kind).mkdir(parents=True, exist_ok=True)
            seed = 0 if same else number
            noise = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / folder / "images" / f"{name}.png")
            if code is not None:
                mask = np.full((40, 60), code, dtype=np.uint8)
                mask[0, 0] = 255
                Image.fromarray(mask).save(tmp_path / folder / "masks" / f"{name}.png")
        return read_dataset(f"masks:{tmp_path}/{folder}?classes=sky,road&void=255")

    return make


GOOD = ("a", 1, 5, 5, 10, 10)


def kinds(found):
    return {one.evidence["kind"]: (one.sample_ids, one.evidence["annotations"]) for one in found.findings}


def test_boxes_outside_or_without_area_are_listed_by_image_and_annotation(detection, given):
    data = detection(
        GOOD, ("a", 1, 55, 5, 10, 10), ("a", 2, -4, 5, 10, 10), ("b", 1, 5, 5, 0, 10), ("b", 1, 30, 9, 9, 9)
    )
    assert kinds(object_boxes(given(data))) == {
        "outside": (("a.png",), ["11", "12"]),
        "empty": (("b.png",), ["13"]),
    }


def test_a_box_is_outside_of_the_image_as_it_is_whatever_is_said_of_it(detection, given, tmp_path):
    data = detection(("a", 1, 35, 5, 20, 10))
    assert object_boxes(given(data)).findings == ()
    noise = np.random.default_rng(9).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "boxes" / "a.png")
    assert kinds(object_boxes(given(data))) == {"outside": (("a.png",), ["10"])}


def test_two_boxes_of_one_class_at_one_place_are_one_too_many(detection, given):
    data = detection(
        GOOD, ("a", 1, 5.1, 5, 10, 10), ("a", 2, 5, 5, 10, 10), ("a", 1, 9, 5, 10, 10), ("b", 1, 5, 5, 10, 10)
    )
    assert kinds(object_boxes(given(data))) == {"duplicate": (("a.png",), ["11"])}
    assert kinds(object_boxes(given(data, duplicate_box_iou=0.4)))["duplicate"][1] == ["11", "13"]
    assert object_boxes(given(data, duplicate_box_iou=0.99)).findings == ()


def test_a_data_set_without_boxes_has_none_to_check(segmentation, given):
    with pytest.raises(NotApplicableError, match="is for segmentation, it has no boxes"):
        object_boxes(given(segmentation(a=0)))


def test_what_the_reader_noticed_is_found_but_boxes_are_left_to_their_check(detection, given):
    (finding,) = annotations(given(detection(GOOD, ("zebra", 1, 5, 5, 9, 9), ("b", 1, 5, 5, 0, 9)))).findings
    assert finding.evidence == {
        "kind": "annotation_of_unknown_image",
        "count": 1,
        "cases": ["annotation 11: image_id 'zebra'"],
    }
    assert (finding.severity, finding.score) == ("warning", 1)


def test_labels_of_a_classification_have_no_annotations_to_check(manifest, given):
    with pytest.raises(NotApplicableError, match="labels of a classification"):
        annotations(given(manifest({"a": None})))


def test_classes_are_counted_in_objects_or_in_images_where_they_occur(detection, segmentation, given):
    (absent,) = class_balance(given(detection(GOOD))).findings
    assert absent.message == "1 of 2 classes have no object: 'dog'"
    (imbalance,) = class_balance(given(detection(*[GOOD] * 10, ("b", 2, 1, 1, 5, 5), folder="more"))).findings
    assert imbalance.message == "imbalanced: 10 objects of 'cat', 1 of 'dog', 10.0 to one"
    (absent,) = class_balance(given(segmentation(a=1, b=1))).findings
    assert absent.message == "1 of 2 classes have no image: 'sky'"


def test_images_without_mask_have_no_truth(segmentation, given):
    (finding,) = missing_labels(given(segmentation(a=1, b=None))).findings
    assert finding.message == "1 of 2 samples have no mask: 'b.png'"


def test_copies_with_other_objects_contradict_each_other(detection, given):
    same = {"a": 7, "b": 7}
    (finding,) = exact_duplicates(given(detection(GOOD, pixels=same))).findings
    assert (finding.severity, finding.sample_ids) == ("error", ("a.png", "b.png"))
    assert "their annotations contradict each other in 2 ways" in finding.message
    alike = detection(GOOD, ("b", 1, 5, 5, 10, 10), pixels=same, folder="alike")
    assert exact_duplicates(given(alike)).findings[0].severity == "warning"


def test_copies_with_another_mask_contradict_each_other(segmentation, given):
    assert exact_duplicates(given(segmentation(same=True, a=0, b=1))).findings[0].severity == "error"
    alike = segmentation("alike", same=True, a=1, b=1)
    assert exact_duplicates(given(alike)).findings[0].severity == "warning"


def test_every_check_works_or_is_skipped_with_a_reason_whatever_the_task(detection, segmentation, given):
    for data, reference in (
        (detection(GOOD), detection(GOOD, folder="reference")),
        (segmentation(a=0, b=1), segmentation("more", a=0, b=1)),
    ):
        results, _, _ = run_checks(CHECKS, given(data, reference))
        assert {one.check: one.reason for one in results if one.status == "crashed"} == {}
        assert all(one.reason for one in results if one.status == "skipped")

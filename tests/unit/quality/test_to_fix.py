"""What findings name is a queue, the worst first, with what they suggest."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.datasets.rle import encode_mask
from seatrial.quality import Finding, to_fix


def dataset(task="classification", objects=()):
    ids = ["a", "b", "c", "d"]
    truth = {
        "classification": {"label": pa.array(["cat", "dog", "cat", "dog"])},
        "detection": {"annotated": pa.array([True] * 4)},
        "segmentation": {"mask": pa.nulls(4, pa.string()), "mask_content": pa.nulls(4, pa.string())},
    }[task]
    fixed = {name: pa.nulls(4, pa.string()) for name in ("uri", "group", "content")}
    rows = [
        {"image": image, "annotation": key, "class": name, "x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}
        | {"area": 12.0, "crowd": False, "ignore": False, "mask": None}
        for image, key, name in objects
    ]
    table = pa.table({"id": pa.array(ids), **fixed, **truth})
    found = pa.Table.from_pylist(rows, OBJECT_SCHEMA) if task == "detection" else None
    return DatasetManifest("four", task, ("cat", "dog"), table, found)


def finding(check, samples, severity="warning", score=1.0, **evidence):
    return Finding(check, severity, f"{check} is the matter", tuple(samples), score, evidence)


def test_the_worst_image_is_first_and_says_everything_that_is_the_matter():
    findings = [
        finding("dark", ["a"], score=0.2),
        finding("dark", ["b"], score=0.9),
        finding("broken", ["c"], severity="error"),
        finding("blurred", ["b"]),
        finding("class_balance", ["d"], severity="info"),
        finding("drift", []),
    ]
    rows = to_fix(findings, dataset()).rows()
    assert [(row["id"], row["priority"], row["group"]) for row in rows] == [
        ("b", 4.0, "dark"),
        ("c", 3.0, "broken"),
        ("a", 1.5, "dark"),
    ]
    assert rows[0]["reason"] == "dark: dark is the matter; blurred: blurred is the matter"


def test_a_suggested_label_is_beside_the_one_that_is_there():
    (row,) = to_fix([finding("label_errors", ["a"], suggested_label="dog")], dataset()).rows()
    assert (row["label"], row["suggested_label"]) == ("cat", "dog")


def test_boxes_are_the_images_as_they_should_be():
    objects = [("a", "1", "cat"), ("a", "2", "dog"), ("b", "3", "dog")]
    place = {"x": 5, "y": 6, "width": 7, "height": 8}
    swapped = {"class": "dog", **place, "score": 0.9, "annotation": "1"}
    overlooked = {"class": "cat", **place, "score": 0.8}
    found = finding("label_errors", ["a"], suggested_boxes=[swapped, overlooked])
    (row,) = to_fix([found], dataset("detection", objects)).rows()
    assert [(box["class"], box["x"], box["score"]) for box in row["boxes"]] == [
        ("dog", 1.0, None),
        ("dog", 5.0, 0.9),
        ("cat", 5.0, 0.8),
    ]


def test_a_suggested_mask_is_handed_on():
    mask = encode_mask(np.eye(4, dtype=np.bool_)).decode("ascii")
    box = {"class": "dog", "x": 0, "y": 0, "width": 4, "height": 4, "mask": mask}
    (row,) = to_fix([finding("label_errors", ["a"], suggested_boxes=[box])], dataset("segmentation")).rows()
    assert row["boxes"][0]["mask"] == mask.encode()


def test_many_findings_of_an_image_are_counted_not_listed():
    findings = [finding(f"check_{number}", ["a"]) for number in range(8)]
    (row,) = to_fix(findings, dataset()).rows()
    assert row["reason"].endswith("; and 3 more")
    assert row["priority"] == 16


def test_without_findings_there_is_an_empty_queue():
    assert len(to_fix([], dataset())) == 0


@pytest.mark.parametrize("first", [0, 1])
def test_the_order_of_findings_does_not_matter(first):
    findings = [finding("dark", ["a", "b"], score=0.2), finding("light", ["b"], score=0.7)]
    ordered = to_fix(findings[first:] + findings[:first], dataset())
    assert [(row["id"], row["priority"]) for row in ordered.rows()] == [("b", 4.0), ("a", 2.0)]

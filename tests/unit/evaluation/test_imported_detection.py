"""Detections made elsewhere are joined to their images, and what does not fit is named."""

import json

import numpy as np
import pytest

from seatrial.datasets import DatasetSpec
from seatrial.datasets.rle import encode_mask
from seatrial.errors import InputError
from seatrial.evaluation import imported_detection

OTHER = "prediction_of_other_class"

CATEGORIES = {1: "cat", 2: "dog"}


@pytest.fixture
def join(tmp_path, detection_data):
    """Write predictions and import them; gives the table and what was noticed."""

    def run(written, options="", categories=CATEGORIES, data=detection_data):
        if isinstance(written, dict) and all(name.endswith(".txt") for name in written):
            path = tmp_path / "found"
            path.mkdir()
            for name, text in written.items():
                (path / name).write_text(text)
        else:
            path = tmp_path / "found.json"
            path.write_text(json.dumps(written))
        return imported_detection(
            DatasetSpec.parse(f"predictions:{path}{options}"), data, "model", categories
        )

    return run


def one(**changed):
    return {"image_id": 4, "category_id": 1, "bbox": [11, 20, 30, 40], "score": 0.75, **changed}


def found(table):
    names = ["image", "class", "x", "y", "width", "height", "score"]
    rows = table.objects.select([*names, "role"]).to_pylist()
    return [tuple(row[name] for name in names) for row in rows if row["role"] == "prediction"]


BOX = ("a.jpg", "cat", 11, 20, 30, 40, 0.75)


def test_cocos_results_are_read(join):
    table, problems = join([one(), one(score=0.5, image_id=5, category_id=2)])
    assert found(table) == [BOX, ("b.jpg", "dog", 11, 20, 30, 40, 0.5)]
    assert problems == ()
    assert table.samples.select(["id", "truths", "predictions"]).to_pylist() == [
        {"id": "a.jpg", "truths": 1, "predictions": 1},
        {"id": "b.jpg", "truths": 1, "predictions": 1},
        {"id": "c.jpg", "truths": 0, "predictions": 0},
    ]
    assert (table.header.task, table.header.model, table.header.dataset_size) == ("detection", "model", 3)


def test_a_mask_brings_its_box_and_its_area(join):
    mask = np.zeros((80, 100), dtype=np.bool_)
    mask[20:60, 11:41] = True
    mask[30, 30] = False
    rle = {"size": [80, 100], "counts": encode_mask(mask).decode()}
    table, _ = join([one(segmentation=rle, bbox=None)])
    assert found(table) == [BOX]
    assert table.objects.to_pylist()[1]["area"] == 1199
    assert table.objects.to_pylist()[1]["mask"] == encode_mask(mask)


def test_a_file_with_its_own_images_and_categories_is_read_by_their_names(join):
    body = {
        "images": [{"id": 0, "file_name": "b.jpg"}, {"id": 4, "file_name": "a.jpg"}],
        "categories": [{"id": 0, "name": "dog"}, {"id": 9, "name": "cat"}],
        "annotations": [one(category_id=9), one(image_id=0, category_id=0)],
    }
    assert found(join(body)[0]) == [BOX, ("b.jpg", "dog", 11, 20, 30, 40, 0.75)]


@pytest.mark.parametrize("first", [0, 1])
def test_categories_may_number_the_classes(join, first):
    table, _ = join([one(category_id=first), one(category_id=first + 1)], f"?first={first}", categories=None)
    assert [row[1] for row in found(table)] == ["cat", "dog"]


def test_categories_may_be_in_another_file(join, tmp_path):
    (tmp_path / "names.json").write_text('{"categories": [{"id": 7, "name": "dog"}]}')
    table, _ = join([one(category_id=7)], f"?categories={tmp_path}/names.json", categories=None)
    assert [row[1] for row in found(table)] == ["dog"]


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("cat 0.75 11 20 41 60", ""),
        ("0 0.75 11 20 41 60", ""),
        ("cat 0.75 12 21 41 60", "?coordinates=pixels"),
        ("cat .75 11 20 30 40", "?columns=class,score,x,y,width,height"),
        ("9 cat 26 40 30 40 7.5e-1", "?columns=track,class,cx,cy,width,height,score"),
        ("cat 0.26 0.5 0.3 0.5 0.75", "?format=yolo"),
        ("0.75 0.11 0.25 0.41 0.75 cat", "?columns=score,x1,y1,x2,y2,class&relative=yes"),
        ("1 0.75 11 20 41 60", "?classes=cow,cat,dog"),
    ],
)
def test_every_layout_of_text_says_the_same(join, line, options):
    table, problems = join({"a.txt": f"{line}\n\n", "b.txt": ""}, options)
    (row,) = found(table)
    assert row[:2] == BOX[:2]
    assert row[2:] == pytest.approx(BOX[2:])
    assert problems == ()


def test_the_files_order_is_kept_within_an_image(join):
    table, _ = join([one(score=0.2), one(image_id=5), one(score=0.9), one(score=0.5)])
    assert [row[-1] for row in found(table)] == [0.2, 0.9, 0.5, 0.75]


def test_the_digest_tells_predictions_apart_and_nothing_else(join):
    first = join([one(), one(image_id=5)])[0].header.model_digest
    assert join([one(image_id=5), one()])[0].header.model_digest == first
    assert join([one(), one(image_id=5, score=0.74)])[0].header.model_digest != first


def test_logits_are_brought_between_zero_and_one(join):
    table, _ = join([one(score=0.0), one(score=-800), one(score=800)], "?scores=logits")
    assert [row[-1] for row in found(table)] == [0.5, 0, 1]


@pytest.mark.parametrize(
    ("written", "options", "kind", "cases"),
    [
        ([one(), one(image_id=99)], "", "prediction_of_unknown_image", ("prediction 1: image_id 99",)),
        (
            {"a.txt": "cat 0.5 1 1 9 9", "z.txt": "cat 0.5 1 1 9 9\ncat 0.4 1 1 9 9"},
            "",
            "prediction_of_unknown_image",
            ("z.txt, line 1", "z.txt, line 2"),
        ),
        (
            [one(), one(category_id=5)],
            "?others=drop",
            "prediction_of_other_class",
            ("prediction 1: category_id 5",),
        ),
        (
            {"a.txt": "cow 0.5 1 1 9 9"},
            "?others=drop",
            "prediction_of_other_class",
            ("a.txt, line 1: 'cow'",),
        ),
        ([one(), one()], "", "scores_equal", ("2 predictions of score 0.75",)),
        (
            [one(), one(bbox=[1, 2, 0, 4], score=0.5)],
            "",
            "box_empty",
            ("prediction 1: [1.0, 2.0, 0.0, 4.0]",),
        ),
        (
            [one(bbox=[60 + at, 50, 90, 75], score=at / 9) for at in range(4)],
            "",
            "boxes_look_like_corners",
            ("prediction 0: [60.0, 50.0, 90.0, 75.0]",),
        ),
    ],
)
def test_what_is_odd_is_told(join, written, options, kind, cases):
    problems = {one.kind: one.cases for one in join(written, options)[1]}
    assert problems[kind] == cases


def test_boxes_given_by_size_where_corners_are_expected_are_refused_or_suspected(join):
    sizes = "".join(f"cat 0.{at} 30 20 30 {20 + at}\n" for at in range(1, 6))
    assert "boxes_look_like_sizes" in {one.kind for one in join({"a.txt": sizes})[1]}


@pytest.mark.parametrize(
    ("written", "options", "message"),
    [
        ([one(score=1.5)], "", r"scores in \[0, 1\] .*, not so in 1: prediction 0: 1.5"),
        ([one(score=-0.5)], "", r"not so in 1: prediction 0: -0.5"),
        ([one(), one(score=float("nan"))], "", "scores that are numbers, not so in 1: prediction 1: nan"),
        ([one(score=None)], "", "scores, not so in 1: prediction 0: None"),
        ([one(bbox=[1, 2, float("inf"), 4])], "", "finite numbers, not so in 1: prediction 0"),
        ([one(bbox=[1, 2, -3, 4])], "", "negative width or height, not so in 1: prediction 0"),
        ([one(bbox=[1, 2])], "", r"a bbox of four numbers, not so in 1: prediction 0: \[1, 2\]"),
        (
            [one(category_id=5)],
            "",
            r"category ids of 1, 2 \(others=drop .*\), not so in 1: prediction 0",
        ),
        ([one(image_id=99)], "", "not one prediction is of an image of 'truth': 1 predictions"),
        (
            [one(segmentation={"size": [8, 8], "counts": [64]})],
            "",
            r"prediction 0, segmentation: expected a mask of the image's size \[80, 100\], got \[8, 8\]",
        ),
        ([one(segmentation={"size": [80, 100], "counts": "zz"})], "", "prediction 0, segmentation: expected"),
        (3, "", "expected a list 'results', got int"),
        ([3], "", r"expected results\[0\] with fields, got 3"),
        ([one()], "?first=one", "option first: expected the id of the first class"),
        ([one()], "?others=keep", "expected others=drop"),
        ([one()], "?format=voc", "unknown option 'format'"),
        (
            {"a.txt": "cow 0.5 1 1 9 9"},
            "",
            r"'0', '1', 'cat', 'dog' .* not so in 1: a.txt, line 1: 'cow'",
        ),
        (
            {"a.txt": "\ncat 0.5 1 1 9"},
            "",
            r"\(class score x1 y1 x2 y2\), not so in 1: a.txt, line 2: 5",
        ),
        ({"a.txt": "cat 0.5 1 1 nine 9"}, "", "not so in 1: a.txt, line 1, x2: 'nine'"),
        ({"a.txt": "cat nan 1 1 9 9"}, "", "scores that are numbers, not so in 1: a.txt, line 1: nan"),
        (
            {"a.txt": "cat 26 40 30 40 0.5"},
            "?format=yolo",
            "relative to the image's size, not so in 1: a.txt",
        ),
        ({"a.txt": "cat 0.5 9 9 1 1"}, "", "negative width or height, not so in 1: a.txt, line 1"),
        ({"a.txt": ""}, "?format=kitti", "option format: expected voc or yolo, got 'kitti'"),
        ({"a.txt": ""}, "?columns=class,x,y,width,height", "option columns: expected class, score and"),
        ({"a.txt": ""}, "?columns=class,score&format=voc", "one of the options format and columns, got both"),
        ({"a.txt": ""}, "?coordinates=inches", "expected corners or pixels"),
        ({"a.txt": ""}, "?format=yolo&coordinates=pixels", "pixels are counted for x1, y1, x2, y2 only"),
        ({}, "", "expected text files of detections, there are none"),
    ],
)
def test_what_cannot_be_used_is_refused(join, written, options, message):
    with pytest.raises(InputError, match=message):
        join(written, options)


def test_numbers_without_meaning_are_refused(join):
    with pytest.raises(InputError, match="nothing says which class a category_id is"):
        join([one()], categories=None)


def test_a_data_set_of_another_task_is_refused(join, segmentation_data):
    with pytest.raises(InputError, match="expected one for detection, got segmentation"):
        join([one()], data=segmentation_data)

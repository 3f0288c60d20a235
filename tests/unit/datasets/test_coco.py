"""An instances file is read with everything it says, and what is wrong in it is named."""

import json

import numpy as np
import pytest

from seatrial.datasets import read_dataset
from seatrial.datasets.rle import encode_mask, mask_areas, run_lengths
from seatrial.errors import InputError


def square(x, y, side):
    return [x, y, x + side, y, x + side, y + side, x, y + side]


def annotation(number=1, **changed):
    return {
        "id": number,
        "image_id": 7,
        "category_id": 3,
        "bbox": [2, 3, 10, 12],
        "area": 120,
        "iscrowd": 0,
        **changed,
    }


@pytest.fixture
def instances(tmp_path, paint):
    """Write an instances file of two images; give its specification."""

    def write(*annotations, options="", categories=None, **images):
        for name in ("a.png", "b.png"):
            paint(tmp_path / name)
        body = {
            "images": [
                {"id": 7, "file_name": "a.png", "width": 40, "height": 30, **images},
                {"id": 8, "file_name": "b.png", "width": 40, "height": 30},
            ],
            "categories": categories or [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
            "annotations": list(annotations),
        }
        (tmp_path / "instances.json").write_text(json.dumps(body))
        return f"coco:{tmp_path}/instances.json{options}"

    return write


def kinds(manifest):
    return {one.kind: len(one.cases) for one in manifest.problems}


def test_images_classes_and_objects_are_taken_over(instances):
    manifest = read_dataset(instances(annotation(), annotation(2, image_id=8, category_id=1)))
    assert manifest.task == "detection"
    assert manifest.classes == ("dog", "cat")
    assert manifest.table.select(["id", "annotated", "width", "image_id"]).to_pylist() == [
        {"id": "a.png", "annotated": True, "width": 40, "image_id": "7"},
        {"id": "b.png", "annotated": True, "width": 40, "image_id": "8"},
    ]
    assert manifest.table.column("content").null_count == 0
    assert manifest.objects.to_pylist()[0] == {
        "image": "a.png",
        "annotation": "1",
        "class": "cat",
        "area": 120,
        "x": 2,
        "y": 3,
        "width": 10,
        "height": 12,
        "crowd": False,
        "ignore": False,
        "mask": None,
    }
    assert manifest.problems == ()


def test_crowds_and_ignores_are_two_things(instances):
    objects = read_dataset(instances(annotation(iscrowd=1), annotation(2, ignore=1))).objects
    assert objects.column("crowd").to_pylist() == [True, False]
    assert objects.column("ignore").to_pylist() == [False, True]


@pytest.mark.parametrize(
    ("written", "read"), [(1, True), (0, False), (True, True), (None, False), ("1", True), ("0", False)]
)
def test_a_flag_is_read_however_it_is_written(instances, written, read):
    objects = read_dataset(instances(annotation(iscrowd=written, ignore=written))).objects
    assert objects.select(["crowd", "ignore"]).to_pylist() == [{"crowd": read, "ignore": read}]


def test_polygons_and_run_lengths_of_both_kinds_are_masks(instances):
    mask = np.zeros((30, 40), dtype=np.bool_)
    mask[5:9, 4:12] = True
    encoded = encode_mask(mask)
    objects = read_dataset(
        instances(
            annotation(segmentation=[square(4, 5, 6), square(20, 5, 3)]),
            annotation(2, segmentation={"size": [30, 40], "counts": run_lengths(encoded).tolist()}),
            annotation(3, segmentation={"size": [30, 40], "counts": encoded.decode()}),
        )
    ).objects
    masks = objects.column("mask").to_pylist()
    assert mask_areas(masks).tolist() == [45, 32, 32]
    assert masks[1] == masks[2] == encoded


def test_a_box_that_is_missing_is_the_masks(instances):
    objects = read_dataset(instances(annotation(bbox=None, segmentation=[square(4, 5, 6)]))).objects
    assert [objects.column(name)[0].as_py() for name in ("x", "y", "width", "height")] == [4, 5, 6, 6]


def test_every_other_field_stays(instances):
    manifest = read_dataset(
        instances(
            annotation(occluded=True, score=0.5, attributes={"pose": "left"}),
            annotation(2, keypoints=[1, 2]),
            weather="rain",
            label=3,
        )
    )
    assert manifest.metadata == ("width", "height", "image_id", "image_label", "weather")
    assert manifest.table.column("weather").to_pylist() == ["rain", None]
    assert manifest.objects.select(["annotation_score", "keypoints", "occluded", "pose"]).to_pylist() == [
        {"annotation_score": 0.5, "keypoints": None, "occluded": True, "pose": "left"},
        {"annotation_score": None, "keypoints": "[1, 2]", "occluded": None, "pose": None},
    ]
    assert kinds(manifest) == {"field_renamed": 2}


def test_a_table_of_metadata_is_joined_by_any_name_of_the_image(instances, tmp_path):
    (tmp_path / "more.csv").write_text("name,site\na,north\n8,south\nzebra,east\n")
    manifest = read_dataset(
        instances(annotation(), options=f"?metadata={tmp_path}/more.csv&key=name&group=site")
    )
    assert manifest.table.column("site").to_pylist() == ["north", "south"]
    assert manifest.table.column("group").to_pylist() == ["north", "south"]
    assert kinds(manifest) == {"metadata_without_image": 1}


def test_without_images_the_file_alone_is_read(instances):
    manifest = read_dataset(instances(annotation(), options="?images="))
    assert manifest.table.column("uri").null_count == len(manifest)


def test_images_may_lie_elsewhere(instances, tmp_path, paint):
    spec = instances(annotation(), options="?images=pictures")
    (tmp_path / "a.png").unlink()
    for name in ("a.png", "b.png"):
        paint(tmp_path / "pictures" / name)
    assert read_dataset(spec).table.column("content").null_count == 0


def test_the_digest_does_not_tell_where_the_images_are(instances, tmp_path, paint):
    here = read_dataset(instances(annotation()))
    for name in ("a.png", "b.png"):
        paint(tmp_path / "pictures" / name)
    assert read_dataset(instances(annotation(), options="?images=pictures")).digest == here.digest


def test_masks_can_be_left_unread(instances):
    broken = annotation(segmentation={"size": [1, 1], "counts": "zz"})
    assert read_dataset(instances(broken, options="?masks=no")).objects.column("mask").null_count == 1


@pytest.mark.parametrize(
    ("changed", "kind", "case"),
    [
        ({"bbox": [35, 3, 10, 12]}, "box_outside", "annotation 1 of 'a.png': x 35, y 3, width 10, height 12"),
        ({"bbox": [35, 3, 0, 12]}, "box_empty", "annotation 1 of 'a.png': x 35, y 3, width 0, height 12"),
        ({"id": 0}, "annotation_id_zero", "annotation 0 of 'a.png'"),
        ({"id": None}, "annotation_id_missing", "annotations[0]"),
        ({"image_id": 99}, "annotation_of_unknown_image", "annotation 1: image_id 99"),
        ({"iscrowd": None}, "iscrowd_missing", "annotation 1"),
        ({"area": None}, "area_missing", "annotation 1"),
        ({"area": float("nan")}, "area_missing", "annotation 1"),
        ({"area": -5}, "area_missing", "annotation 1"),
        (
            {"segmentation": [square(4, 5, 6), [1, 1, 5, 5]]},
            "polygon_left_out",
            "annotation 1: [1, 1, 5, 5]",
        ),
    ],
)
def test_what_is_odd_is_kept_and_told(instances, capsys, changed, kind, case):
    manifest = read_dataset(instances(annotation(**changed)))
    problem = next(one for one in manifest.problems if one.kind == kind)
    assert problem.cases[0].startswith(case)
    assert f"instances.json: 1 {problem.what}: {case}" in capsys.readouterr().err


def test_at_most_five_cases_are_told_and_all_are_counted(instances, capsys):
    manifest = read_dataset(instances(*(annotation(one, area=None) for one in range(1, 9))))
    assert len(manifest.problems[0].cases) == 8
    assert "annotation 5; and 3 more" in capsys.readouterr().err


def test_a_missing_area_is_that_of_the_mask_or_of_the_box(instances):
    objects = read_dataset(
        instances(annotation(area=None), annotation(2, area=None, segmentation=[square(4, 5, 6)]))
    ).objects
    assert objects.column("area").to_pylist() == [120, 36]


def test_a_repeated_annotation_id_is_renamed(instances):
    manifest = read_dataset(instances(annotation(), annotation()))
    assert manifest.objects.column("annotation").to_pylist() == ["1", "1#2"]
    assert kinds(manifest) == {"annotation_id_repeated": 1}


def test_polygons_of_two_points_alone_are_no_mask(instances):
    manifest = read_dataset(
        instances(annotation(segmentation=[[1, 1, 5, 5]]), annotation(2, segmentation=[square(4, 5, 6)]))
    )
    assert manifest.objects.column("mask").is_null().to_pylist() == [True, False]
    assert kinds(manifest) == {"polygon_left_out": 1, "mask_missing": 1}


def test_corners_in_the_place_of_sizes_are_suspected(instances):
    corners = [annotation(one, bbox=[10 + one, 8, 30 + one, 25]) for one in range(4)]
    assert "boxes_look_like_corners" in kinds(read_dataset(instances(*corners)))


def test_a_few_boxes_that_reach_outside_are_not_suspected(instances):
    boxes = [annotation(one, bbox=[1, 1, 10, 5]) for one in range(20)]
    odd = [annotation(30 + one, bbox=[10, 8, 35, 25]) for one in range(3)]
    assert kinds(read_dataset(instances(*boxes, *odd))) == {"box_outside": 3, "annotation_id_zero": 1}


def test_an_image_of_another_size_than_said_is_told_and_the_files_is_taken(instances):
    manifest = read_dataset(instances(annotation(), width=50))
    assert manifest.table.column("width").to_pylist() == [40, 40]
    assert manifest.problems[0].cases == ("a.png: 40×30 pixels, 50×30 are said",)


def test_an_image_that_exif_turns_is_named_as_such(instances, tmp_path, paint):
    spec = instances(annotation(bbox=[1, 1, 5, 5]))
    paint(tmp_path / "a.png", orientation=6)
    manifest = read_dataset(spec)
    assert manifest.table.column("width").to_pylist() == [30, 40]
    assert "turned by its EXIF orientation" in manifest.problems[0].cases[0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"bbox": [1, 2, float("nan"), 4]}, "finite numbers, not so in 1: annotation 1: x 1, y 2, width"),
        (
            {"bbox": [1, 2, -3, 4]},
            "no negative width or height, not so in 1: annotation 1: x 1, y 2, width -3",
        ),
        ({"bbox": [1, 2, 3]}, "a bbox of four numbers, not so in 1: annotation 1: \\[1, 2, 3\\]"),
        ({"bbox": None}, "a bbox of four numbers, not so in 1: annotation 1: None"),
        ({"category_id": 9}, "category ids of 1, 3, not so in 1: annotation 1: category_id 9"),
        ({"category_id": None}, "annotation 1: category_id None"),
        (
            {"segmentation": {"size": [40, 30], "counts": [1200]}},
            r"of 'a.png', segmentation: expected a mask of the image's size \[30, 40\], got \[40, 30\]",
        ),
        (
            {"segmentation": {"size": [30, 40], "counts": "04"}},
            "annotation 1 of 'a.png', segmentation: expected counts that decode to 1200 pixels, got 4",
        ),
        ({"segmentation": [[1, 2, 3]]}, "expected polygons of numbers"),
        ({"segmentation": [["a"]]}, "expected polygons of numbers"),
    ],
)
def test_what_makes_numbers_meaningless_is_refused(instances, changed, message):
    with pytest.raises(InputError, match=message):
        read_dataset(instances(annotation(**changed)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "line 1, column 2: expected JSON"),
        ("[]", "got a list: are these predictions"),
        ('{"images": []}', "expected a list 'annotations', got NoneType"),
        ('{"images": [{"id": 1}], "annotations": []}', r"expected images\[0\] with id and file_name"),
        ('{"images": [1], "annotations": []}', r"expected images\[0\] with fields, got 1"),
        (
            '{"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}], "annotations": []}',
            r"images\[1\]: expected ids and file names once each, got 1, 'b' again",
        ),
        (
            '{"images":[],"annotations":[],"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}',
            "expected ids and names of categories once each, got 1, 'b' again",
        ),
        (
            '{"images":[{"id":1,"file_name":"a","width":0,"height":5}],"annotations":[],"categories":[]}',
            r"image 1: expected width and height in pixels, got \(0, 5\)",
        ),
    ],
)
def test_a_file_that_is_no_instances_file_is_refused(tmp_path, body, message):
    (tmp_path / "instances.json").write_text(body)
    with pytest.raises(InputError, match=message):
        read_dataset(f"coco:{tmp_path}/instances.json")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("?images=nowhere", "no such folder of images"),
        ("?classes=dog", "option classes leaves out 'cat'"),
        ("?masks=maybe", "option masks: expected yes or no, got 'maybe'"),
        ("?group=site", "no field 'site' to group by; images have 'image_id'"),
        ("?metadata=nowhere.csv", "no such file: nowhere.csv"),
        ("?colour=red", "unknown option 'colour' of coco"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(instances, options, message):
    with pytest.raises(InputError, match=message):
        read_dataset(instances(annotation(), options=options))


def test_classes_can_be_given_another_order_and_more_of_them(instances):
    assert read_dataset(instances(annotation(), options="?classes=cat,cow,dog")).classes == (
        "cat",
        "cow",
        "dog",
    )


def test_metadata_of_one_image_twice_is_refused(instances, tmp_path):
    (tmp_path / "more.csv").write_text("id,site\na.png,north\na,south\n")
    with pytest.raises(InputError, match=r"more.csv, row 2: expected one row an image, got 'a' again"):
        read_dataset(instances(annotation(), options=f"?metadata={tmp_path}/more.csv"))

"""YOLO's folders are read in each of their layouts, boxes and polygons alike."""

import pytest

from seatrial.datasets import read_dataset
from seatrial.datasets.rle import mask_areas
from seatrial.errors import InputError


@pytest.fixture
def labelled(tmp_path, paint):
    """Write images of 40 × 30 pixels and their label files; give the folder."""

    def write(images="images/val", labels="labels/val", **texts):
        for name, text in texts.items():
            paint(tmp_path / images / f"{name}.png")
            if text is not None:
                (tmp_path / labels).mkdir(parents=True, exist_ok=True)
                (tmp_path / labels / f"{name}.txt").write_text(text)
        return tmp_path

    return write


def boxes(manifest):
    names = ("image", "annotation", "class", "x", "y", "width", "height")
    return [tuple(row.values()) for row in manifest.objects.select(names).to_pylist()]


ONE = "1 0.5 0.5 0.25 0.2\n"


@pytest.mark.parametrize(
    ("images", "labels"),
    [("images/val", "labels/val"), ("images", "labels"), ("valid/images", "valid/labels"), ("all", "all")],
)
def test_every_layout_is_found(labelled, images, labels):
    folder = labelled(images, labels, a=ONE)
    spec = f"yolo:{folder}/all?classes=cat,dog" if images == "all" else f"yolo:{folder}?classes=cat,dog"
    assert boxes(read_dataset(spec)) == [("a.png", "a:1", "dog", 15, 12, 10, 6)]


def test_data_yaml_names_classes_and_splits(labelled):
    folder = labelled(a=ONE)
    labelled("images/train", "labels/train", b=ONE, c=ONE)
    (folder / "data.yaml").write_text("train: images/train\nval: images/val\nnames: {0: cat, 1: dog}\n")
    assert read_dataset(f"yolo:{folder}").table.column("id").to_pylist() == ["a.png"]
    train = read_dataset(f"yolo:{folder}/data.yaml?split=train")
    assert train.table.column("id").to_pylist() == ["b.png", "c.png"]
    assert train.classes == ("cat", "dog")


def test_data_yaml_of_another_machine_is_read_where_it_is(labelled):
    folder = labelled("valid/images", "valid/labels", a=ONE)
    (folder / "data.yaml").write_text(
        "path: /home/somebody/cells\nval: ../valid/images\nnc: 2\nnames: [cat, dog]\n"
    )
    assert len(read_dataset(f"yolo:{folder}").objects) == 1


def test_a_split_may_be_a_list_of_images(labelled):
    folder = labelled(a=ONE, b=ONE, c=ONE)
    (folder / "val.txt").write_text("images/val/a.png\nimages/val/c.png\n")
    (folder / "data.yaml").write_text("val: val.txt\nnames: [cat, dog]\n")
    assert read_dataset(f"yolo:{folder}").table.column("id").to_pylist() == ["a.png", "c.png"]


def test_a_polygon_is_a_mask_and_the_box_around_it(labelled):
    folder = labelled(a="0 0.25 0.2 0.75 0.2 0.75 0.6 0.25 0.6\n")
    manifest = read_dataset(f"yolo:{folder}?classes=cat")
    (found,) = boxes(manifest)
    assert found[3:] == pytest.approx((10, 6, 20, 12))
    assert mask_areas(manifest.objects.column("mask").to_pylist()).tolist() == [240]
    assert manifest.objects.column("area").to_pylist() == [240]


def test_an_image_without_label_file_is_one_without_objects_or_an_unlabelled_one(labelled):
    folder = labelled(a=ONE, b=None, c="")
    taken = read_dataset(f"yolo:{folder}?classes=cat,dog")
    assert taken.annotated.tolist() == [True, True, True]
    assert [(one.kind, one.cases) for one in taken.problems] == [("image_without_labels", ("b.png",))]
    left = read_dataset(f"yolo:{folder}?classes=cat,dog&background=no")
    assert left.annotated.tolist() == [True, False, True]
    assert [(one.kind, one.cases) for one in left.problems] == [("image_without_truth", ("b.png",))]


def test_a_label_file_without_image_is_told(labelled):
    folder = labelled(a=ONE)
    (folder / "labels" / "val" / "gone.txt").write_text(ONE)
    (problem,) = read_dataset(f"yolo:{folder}?classes=cat,dog").problems
    assert (problem.kind, problem.cases) == ("truth_without_image", ("gone.txt",))


def test_names_are_found_in_a_file_beside(labelled):
    folder = labelled(a=ONE)
    (folder / "classes.txt").write_text("cat\ndog\n")
    assert read_dataset(f"yolo:{folder}").classes == ("cat", "dog")
    assert read_dataset(f"yolo:{folder}?classes=dog,cow,cat").classes == ("dog", "cow", "cat")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5 0.5 0.5 0.1 0.1", "class numbers from 0 to 1, not so in 1: a.txt, line 1: 5"),
        ("0.5 0.5 0.5 0.1 0.1", "class numbers from 0 to 1"),
        ("0 12 14 3 4", r"coordinates in \[0, 1\], relative to the image's size, not so in 1: a.txt, line 1"),
        ("\n0 0.5 0.5 0.1", "at least three points of a polygon, not so in 1: a.txt, line 2: 4 numbers"),
        ("0 0.5 0.5 0.1 0.1 0.9", "a.txt, line 1: 6 numbers"),
        ("0 0.5 nan 0.1 0.1", "numbers, not so in 1: a.txt, line 1: '0 0.5 nan 0.1 0.1'"),
        ("cat 0.5 0.5 0.1 0.1", "numbers, not so in 1: a.txt, line 1"),
    ],
)
def test_a_line_that_is_no_label_is_refused(labelled, text, message):
    with pytest.raises(InputError, match=message):
        read_dataset(f"yolo:{labelled(a=text)}?classes=cat,dog")


def test_a_label_of_an_image_that_cannot_be_read_is_refused(labelled):
    folder = labelled(a=ONE, b=ONE)
    (folder / "images" / "val" / "a.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="size is needed, not so in 1: a.txt, line 1: 'a.png'"):
        read_dataset(f"yolo:{folder}?classes=cat,dog")


@pytest.mark.parametrize(
    ("yaml", "spec", "message"),
    [
        (None, "", "nothing names the classes"),
        (None, "?split=test&classes=a", "no folder of split 'test': expected images/test or test/images"),
        (None, "?labels=nowhere&classes=a", "no such folder of labels"),
        ("[", "", "expected YAML"),
        ("3", "", "expected names and splits, got int"),
        ("val: images/val", "", "expected names of classes, each once, got None"),
        ("val: images/val\nnames: {0: a, 2: b}", "", "names by numbers from 0 on"),
        ("val: images/val\nnames: [a]\nnc: 2", "", "nc is 2, but there are 1 names"),
        ("val: images/val\nnames: [a]", "?split=test", "expected a split 'test', there are 'val'"),
        ("val: nowhere\nnames: [a]", "", "no such folder of images, nor a list of them"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused(labelled, yaml, spec, message):
    folder = labelled(a=ONE)
    if yaml is not None:
        (folder / "data.yaml").write_text(yaml)
    with pytest.raises(InputError, match=message):
        read_dataset(f"yolo:{folder}{spec}")


def test_a_folder_that_is_absent_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected a folder or a data.yaml, there is none at"):
        read_dataset(f"yolo:{tmp_path}/nowhere")

"""What labelling tools are given says the same as the queue."""

import json
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow.compute as pc
import pytest
from defusedxml import ElementTree
from pycocotools.coco import COCO

from seatrial.datasets import read_dataset
from seatrial.errors import InputError
from seatrial.labelling import FORMATS, LabellingQueue, QueueItem, check_formats, export
from seatrial.labelling.brush import brush_rle
from seatrial.labelling.places import below_root, common_root, relative_to_folder

TASKS = ["classification", "detection", "segmentation"]


@pytest.mark.parametrize("task", TASKS)
def test_each_export_gives_the_same_bytes_twice_and_names_its_files(queue, task, tmp_path):
    written = {}
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        assert set(export(queue(task), folder)) == {path.name for path in folder.iterdir()}
        written[name] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert written["one"] == written["two"]
    assert len(written["one"]) == 6


def test_our_coco_reader_and_pycocotools_read_the_same_boxes(queue, tmp_path, capsys):
    asked = queue("detection")
    export(asked, tmp_path, ["coco"])
    read = read_dataset(f"coco:{tmp_path}/labelling_coco.json?images={tmp_path}/data/images")
    assert sorted(read.table.column("sample").to_pylist()) == sorted(asked.table.column("id").to_pylist())
    assert read.classes == asked.classes
    first = read.objects.filter(pc.equal(read.objects.column("image"), "plain.png")).to_pylist()
    assert [(one["class"], one["x"], one["y"], one["width"], one["height"]) for one in first] == [
        ('<dog> & "wolf"', 1.5, 2.25, 30, 20.5),
        ("cat", 0, 0, 60, 40),
    ]
    coco = COCO(tmp_path / "labelling_coco.json")
    assert len(coco.anns) == 8
    assert coco.loadImgs(4)[0]["reason"] == 'no. 4 <of> & "all"'
    assert {one["score"] for one in coco.anns.values() if "score" in one} == {0.75}
    assert "index created" in capsys.readouterr().out


# pycocotools 2.0.11 hands its pixels to NumPy 2 in the old way
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_decodes_a_proposed_mask_to_its_pixels(queue, mask, tmp_path, capsys):
    export(queue("segmentation"), tmp_path, ["coco"])
    coco = COCO(tmp_path / "labelling_coco.json")
    for annotation in coco.anns.values():
        assert np.array_equal(coco.annToMask(annotation), mask)
        assert annotation["area"] == mask.sum()
    assert "index created" in capsys.readouterr().out


def test_label_studio_gets_rectangles_in_per_cent_of_the_image(queue, tmp_path):
    export(queue("detection"), tmp_path, ["label-studio"])
    tasks = json.loads((tmp_path / "label_studio.json").read_text())
    region = tasks[0]["predictions"][0]["result"][0]
    value = region["value"]
    assert (value["x"] * 0.6, value["y"] * 0.4) == pytest.approx((1.5, 2.25))
    assert (value["width"] * 0.6, value["height"] * 0.4) == pytest.approx((30, 20.5))
    assert value["rectanglelabels"] == ['<dog> & "wolf"']
    assert (region["original_width"], region["original_height"], region["score"]) == (60, 40, 0.75)
    assert "predictions" not in tasks[-1]  # nothing is suggested of the image that is not there


def test_label_studio_is_told_where_its_local_storage_has_each_image(queue, tmp_path):
    asked = queue()
    export(asked, tmp_path, ["label-studio"], root=str(tmp_path))
    tasks = json.loads((tmp_path / "label_studio.json").read_text())
    for task, name in zip(tasks, asked.table.column("id").to_pylist(), strict=True):
        prefix, _, path = task["data"]["image"].partition("?d=")
        assert prefix == "/data/local-files/"
        assert "&" not in path
        assert "#" not in path
        assert unquote(path) == f"data/images/{name}"


def test_label_studios_interface_offers_the_data_sets_classes(queue, tmp_path):
    export(queue(), tmp_path, ["label-studio"])
    view = ElementTree.parse(tmp_path / "label_studio_config.xml").getroot()
    assert tuple(one.get("value") for one in view.iter("Choice")) == queue().classes


def decoded(rle: list[int]) -> np.ndarray:
    """Decode Label Studio's runs bit by bit, as its front end does."""
    bits = "".join(f"{one:08b}" for one in rle)
    place = 0

    def read(size: int) -> int:
        nonlocal place
        place += size
        return int(bits[place - size : place], 2)

    total, word = read(32), read(5) + 1
    sizes = [read(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < total:
        repeated = read(1)
        length = read(sizes[read(2)]) + 1
        values += [read(word)] * length if repeated else [read(word) for _ in range(length)]
    return np.array(values, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 60), (200, 300)])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_brush_strokes_decode_to_the_mask_in_all_four_channels(shape, share):
    mask = np.random.default_rng(1).random(shape) < share
    pixels = decoded(brush_rle(mask)).reshape(*shape, 4)
    assert np.array_equal(pixels, np.repeat(mask[..., None], 4, axis=2) * 255)


def test_cvat_gets_boxes_and_reasons_by_the_images_names(queue, tmp_path):
    asked = queue("detection")
    export(asked, tmp_path, ["cvat"])
    images = ElementTree.parse(tmp_path / "cvat.xml").getroot().findall("image")
    # a parser turns a line break in an attribute into the space that stands for it
    assert [one.get("name") for one in images] == asked.table.column("id").to_pylist()
    box = images[0].find("box")
    assert [box.get(name) for name in ("label", "xtl", "ytl", "xbr", "ybr")] == [
        *('<dog> & "wolf"', "1.50", "2.25", "31.50", "22.75")
    ]
    asked_of = {one.get("name"): one.text for one in images[0].find("tag").iter("attribute")}
    assert asked_of["reason"] == 'no. 1 <of> & "all"'
    labels = json.loads((tmp_path / "cvat_labels.json").read_text())
    assert [one["name"] for one in labels] == [*asked.classes, "look_again"]


def test_cvats_runs_are_the_masks_pixels(queue, mask, tmp_path):
    export(queue("segmentation"), tmp_path, ["cvat"])
    for one in ElementTree.parse(tmp_path / "cvat.xml").getroot().iter("mask"):
        left, top, width, height = (int(one.get(name)) for name in ("left", "top", "width", "height"))
        lengths = [int(length) for length in one.get("rle").split(",")]
        inside = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(height, width)
        whole = np.zeros_like(mask)
        whole[top : top + height, left : left + width] = inside
        assert np.array_equal(whole, mask)


def test_cvats_tag_is_called_otherwise_where_a_class_has_its_name(tmp_path, manifest):
    found = manifest()
    queue = LabellingQueue.of(found, [QueueItem("plain.png", 1, "why")])
    renamed = LabellingQueue(queue.name, queue.task, ("look_again",), queue.table)
    export(renamed, tmp_path, ["cvat"])
    tags = ElementTree.parse(tmp_path / "cvat.xml").getroot().iter("tag")
    assert [one.get("label") for one in tags] == ["look_again_"]


def test_a_character_that_xml_cannot_hold_is_replaced_not_written(manifest, tmp_path):
    queue = LabellingQueue.of(manifest(), [QueueItem("plain.png", 1, "bell \x07 and null \x00")])
    export(queue, tmp_path, ["cvat"])
    reason = ElementTree.parse(tmp_path / "cvat.xml").getroot().find("image/tag/attribute")
    assert reason.text == "bell � and null �"


def test_formats_are_checked_and_may_be_joined_by_commas():
    assert check_formats(["cvat,csv", "csv"]) == ("csv", "cvat")
    assert check_formats(FORMATS) == ("csv", "coco", "label-studio", "cvat")
    with pytest.raises(InputError, match="'yolo' is not an export format: expected one of csv, coco"):
        check_formats(["csv,yolo"])


def test_uris_stay_as_they_are_and_local_paths_become_relative(tmp_path):
    assert relative_to_folder("s3://bucket/a.png", tmp_path) == "s3://bucket/a.png"
    assert relative_to_folder("/a/b.png", tmp_path) == "/a/b.png"
    assert relative_to_folder("a/b.png", Path("out")) == "../a/b.png"
    assert below_root("s3://bucket/a/b.png", "s3://bucket/a") == "b.png"
    assert below_root("s3://other/b.png", "s3://bucket") == "s3://other/b.png"
    assert below_root("/data/a/b.png", "/data") == "a/b.png"
    assert below_root("/elsewhere/b.png", "/data") == "/elsewhere/b.png"
    assert below_root("/data/b.png", "s3://bucket") == "/data/b.png"
    assert common_root(["/data/a/b.png", "/data/c/d.png", "s3://bucket/a.png", None]) == "/data"
    assert common_root(["s3://bucket/a.png"]) == ""

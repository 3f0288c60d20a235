"""Real data sets are read with the counts that their authors state, and one truth in many formats is one."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from pycocotools.coco import COCO

from seatrial.datasets import read_dataset
from seatrial.datasets.rle import mask_areas

pytestmark = pytest.mark.shared_data


def boxes(manifest):
    """Objects without their ids, in one order: image, class, crowd, box to the pixel; and the exact boxes."""
    sides = ["x", "y", "width", "height"]
    exact = np.stack([manifest.objects.column(side).to_numpy() for side in sides], axis=1)
    rows = manifest.objects.select(["image", "class", "crowd"]).to_pylist()
    keys = [(*one.values(), *box) for one, box in zip(rows, exact.round().tolist(), strict=True)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [keys[row] for row in order], exact[order]


@pytest.fixture(scope="module")
def voc100(shared_data, tmp_path_factory):
    """The specifications of one truth in the formats that are read, with one order of the classes."""
    folder = shared_data / "voc100_formats"
    names = tmp_path_factory.mktemp("classes") / "names.txt"
    names.write_text((folder / "gts" / "yolo_format" / "obj.names").read_text())
    same = f"images={folder}/images&classes=@{names}"
    return {
        "coco of one tool": f"coco:{folder}/gts/coco_format_v1/instances_default.json?{same}",
        "coco of another": f"coco:{folder}/gts/coco_format_v2/instances_v2.json?{same}",
        "voc": f"voc:{folder}/gts/pascalvoc_format?{same}",
        "imagenet": f"voc:{folder}/gts/imagenet_format?split=default&{same}",
        "yolo": f"yolo:{folder}/gts/yolo_format?labels=obj_train_data&images={folder}/images",
    }


@pytest.mark.parametrize("other", ["coco of another", "imagenet", "yolo", "coco of one tool"])
def test_the_same_truth_in_another_format_reads_identically(voc100, other):
    expected, found = read_dataset(voc100["voc"]), read_dataset(voc100[other])
    assert len(expected.objects) == 273
    assert found.classes == expected.classes
    for column in ("id", "content", "width", "height", "annotated"):
        assert found.table.column(column).to_pylist() == expected.table.column(column).to_pylist()
    (keys, exact), (other_keys, other_exact) = boxes(expected), boxes(found)
    assert other_keys == keys
    # YOLO rounds to six digits of the image's size; only VOC's own format says what is difficult
    assert np.abs(other_exact - exact).max() <= (1e-3 if other == "yolo" else 0)


def test_bccd_has_its_boxes_and_its_two_degenerate_ones(shared_data):
    folder = shared_data / "bccd"
    corrected = read_dataset(f"voc:{folder}?annotations=annotations_corrected&images=images")
    classes = corrected.objects.column("class").to_pylist()
    assert (len(corrected), len(classes)) == (364, 4888)
    assert [classes.count(name) for name in ("RBC", "WBC", "Platelets")] == [4155, 372, 361]
    (problem,) = corrected.problems
    assert problem.kind == "box_empty"
    assert problem.images == ("BloodImage_00338.jpg", "BloodImage_00343.jpg")
    original = read_dataset(f"voc:{folder}?annotations=annotations_original&images=images")
    assert (len(original), len(original.objects), original.classes) == (343, 3854, ("RBC",))
    spec = f"voc:{folder}?annotations=annotations_corrected&images=images"
    assert [len(read_dataset(f"{spec}&split={one}")) for one in ("trainval", "test")] == [292, 72]


def test_dsb2018_is_read_as_instances_and_as_foreground(shared_data):
    folder = shared_data / "dsb2018_nuclei"
    fixed = read_dataset(
        f"masks:{folder}?masks=labels_fixed&instances=foreground&metadata={folder}/fixes.csv"
    )
    assert (len(fixed), int(fixed.annotated.sum())) == (250, 244)
    rows = fixed.table.select(["has_label_error", "image_removed"]).to_pylist()
    assert sum(one["image_removed"] for one in rows) == 6
    assert [one["image_removed"] for one in rows] == [int(not one) for one in fixed.annotated]
    objects = read_dataset(f"masks:{folder}?masks=labels_original&instances=objects").objects
    counts = dict(zip(*np.unique(objects.column("image").to_pylist(), return_counts=True), strict=True))
    for row in fixed.table.select(["id", "n_masks_original"]).to_pylist():
        # a nucleus that a later one covers wholly is not in the map
        assert row["n_masks_original"] - 2 <= counts[row["id"]] <= row["n_masks_original"]


def test_coco_is_read_as_pycocotools_reads_it(shared_data):
    path = shared_data / "coco_eval_fixtures" / "instances_val2014_100.json"
    manifest = read_dataset(f"coco:{path}?images=")
    assert (len(manifest), len(manifest.objects), len(manifest.classes)) == (100, 839, 80)
    reference = COCO(str(path))
    rows = {row["annotation"]: row for row in manifest.objects.to_pylist()}
    masks = mask_areas([rows[str(one)]["mask"] for one in reference.anns])
    for (key, one), area in zip(reference.anns.items(), masks, strict=True):
        row = rows[str(key)]
        assert [row[name] for name in ("x", "y", "width", "height", "area")] == [*one["bbox"], one["area"]]
        assert row["crowd"] == bool(one["iscrowd"])
        assert row["mask"] == reference.annToRLE(one)["counts"]
        assert area > 0
    assert sum(row["crowd"] for row in rows.values()) == sum(
        one["iscrowd"] for one in reference.anns.values()
    )


@pytest.mark.parametrize(
    ("path", "images", "objects", "kinds"),
    [
        ("coco_eval_fixtures/lvis_val_100.json", 100, 977, ["iscrowd_missing"]),
        ("coco_eval_fixtures/small/gt_ignore_test.json", 1, 14, []),
        ("voc100_formats/test_coco_eval/gts/sampled_gts_bbox_area.json", 100, 830, []),
        ("voc100_formats/toyexample/gts_coco_format/toy_example_coco.JSON", 10, 12, ["annotation_id_zero"]),
    ],
)
def test_other_instances_files_have_their_counts(shared_data, path, images, objects, kinds):
    manifest = read_dataset(f"coco:{shared_data / path}?images=")
    assert (len(manifest), len(manifest.objects)) == (images, objects)
    assert [one.kind for one in manifest.problems] == kinds


def test_flags_of_voc_are_all_there(shared_data):
    folder = shared_data / "bccd" / "annotations_corrected"
    objects = [one for path in folder.iterdir() for one in ET.parse(path).getroot().iter("object")]
    flags = [one.findtext("truncated") == "1" for one in objects]
    manifest = read_dataset(f"voc:{folder.parent}?annotations=annotations_corrected&images=images")
    assert sum(manifest.objects.column("truncated").to_pylist()) == sum(flags) > 0

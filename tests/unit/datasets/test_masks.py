"""Masks of class codes and maps of instances are read beside their images."""

import pytest

from seatrial.datasets import read_dataset
from seatrial.datasets.mask_image import class_codes
from seatrial.datasets.rle import mask_areas
from seatrial.errors import InputError

CODES = [[0, 1, 1], [0, 0, 255]]


@pytest.fixture
def folder(tmp_path, paint, paint_codes):
    """Two images of 3 × 2 pixels with masks."""
    for name in ("a", "b"):
        paint(tmp_path / "images" / f"{name}.png", (3, 2))
        paint_codes(tmp_path / "masks" / f"{name}.png", CODES)
    return tmp_path


def test_index_and_palette_images_are_the_same_truth(folder, paint_codes):
    spec = f"masks:{folder}?classes=sky,road&void=255"
    manifest = read_dataset(spec)
    assert (manifest.task, manifest.classes, manifest.void) == ("segmentation", ("sky", "road"), 255)
    assert manifest.annotated.tolist() == [True, True]
    grey = class_codes((folder / "masks" / "a.png").read_bytes(), 2, 255, foreground=False)
    assert grey.tolist() == CODES
    paint_codes(folder / "masks" / "a.png", CODES, "P")
    palette = class_codes((folder / "masks" / "a.png").read_bytes(), 2, 255, foreground=False)
    assert palette.tolist() == CODES
    assert read_dataset(spec).table.column("mask_content") != manifest.table.column("mask_content")


def test_instances_are_foreground(folder, paint_codes):
    paint_codes(folder / "masks" / "a.png", [[0, 300, 300], [7, 0, 1]], "I;16")
    manifest = read_dataset(f"masks:{folder}?instances=foreground")
    assert (manifest.classes, manifest.foreground) == (("background", "foreground"), True)
    data = (folder / "masks" / "a.png").read_bytes()
    assert class_codes(data, 2, None, foreground=True).tolist() == [[0, 1, 1], [1, 0, 1]]
    assert class_codes(data, 2, 7, foreground=True).tolist() == [[0, 1, 1], [7, 0, 1]]


def test_instances_are_objects(folder, paint_codes):
    paint_codes(folder / "masks" / "a.png", [[0, 300, 300], [7, 0, 300]], "I;16")
    manifest = read_dataset(f"masks:{folder}?instances=objects&classes=nucleus")
    assert (manifest.task, manifest.classes) == ("detection", ("nucleus",))
    first = manifest.objects.slice(0, 2)
    assert first.select(["annotation", "x", "y", "width", "height", "area"]).to_pylist() == [
        {"annotation": "a.png:7", "x": 0, "y": 1, "width": 1, "height": 1, "area": 1},
        {"annotation": "a.png:300", "x": 1, "y": 0, "width": 2, "height": 2, "area": 3},
    ]
    assert mask_areas(first.column("mask").to_pylist()).tolist() == [1, 3]


def test_an_image_without_mask_is_unlabelled_and_a_mask_without_image_is_told(folder, paint, paint_codes):
    paint(folder / "images" / "c.png", (3, 2))
    paint_codes(folder / "masks" / "d.png", CODES)
    manifest = read_dataset(f"masks:{folder}?classes=sky,road&void=255")
    assert manifest.annotated.tolist() == [True, True, False]
    assert {one.kind: one.cases for one in manifest.problems} == {
        "image_without_truth": ("c.png",),
        "truth_without_image": ("d.png",),
    }


def test_masks_may_lie_among_the_images(tmp_path, paint, paint_codes):
    paint(tmp_path / "a.png", (3, 2))
    paint_codes(tmp_path / "a_mask.png", CODES)
    manifest = read_dataset(f"masks:{tmp_path}?suffix=_mask&classes=sky,road&void=255")
    assert manifest.table.column("id").to_pylist() == ["a.png"]
    with pytest.raises(InputError, match="images and masks are both in .* suffix=_mask"):
        read_dataset(f"masks:{tmp_path}?classes=sky,road&void=255")


def test_a_split_lists_images(folder):
    (folder / "mine.txt").write_text("b\n")
    spec = f"masks:{folder}?classes=sky,road&void=255&split=mine.txt"
    assert read_dataset(spec).table.column("id").to_pylist() == ["b.png"]
    (folder / "mine.txt").write_text("zebra\n")
    with pytest.raises(InputError, match=r"mine.txt: no image is called 'zebra'"):
        read_dataset(spec)


def test_a_table_of_metadata_is_joined(folder):
    (folder / "more.csv").write_text("image,site,width\na,north,3\nb,south,3\n")
    manifest = read_dataset(f"masks:{folder}?classes=sky,road&void=255&metadata={folder}/more.csv&group=site")
    assert manifest.table.column("group").to_pylist() == ["north", "south"]
    assert manifest.metadata == ("width", "height", "site")
    assert manifest.problems == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("classes=sky,road", r"not so in 2: .*a.png: expected class codes from 0 to 1, got 255 in 1 pixels"),
        (
            "classes=sky&void=255",
            r"not so in 2: .*a.png: expected class codes from 0 to 0 or 255 \(void\), got 1",
        ),
        ("void=255", "there are no classes"),
        ("classes=sky,road&void=white", "option void: expected a code such as 255, got 'white'"),
        ("instances=yes", "expected foreground or objects, got 'yes'"),
        ("instances=objects&void=255", "objects have none"),
        ("instances=objects&classes=a,b", "expected 1 with instances=objects, got 2"),
        ("classes=a,b&masks=nowhere", "no such folder"),
    ],
)
def test_what_cannot_be_used_is_refused(folder, options, message):
    with pytest.raises(InputError, match=message):
        read_dataset(f"masks:{folder}?{options}")


def test_a_mask_of_another_size_than_its_image_is_refused(folder, paint_codes):
    paint_codes(folder / "masks" / "a.png", [[0, 1], [1, 0], [0, 0]])
    with pytest.raises(InputError, match=r"image's size, not so in 1: .*a.png: 2×3, the image 3×2"):
        read_dataset(f"masks:{folder}?classes=sky,road&void=255")


@pytest.mark.parametrize(("name", "message"), [("a.png", "not an image"), ("rgb", "got colours of mode RGB")])
def test_a_mask_that_is_no_image_of_codes_is_refused(folder, paint, name, message):
    if name == "rgb":
        paint(folder / "masks" / "a.png", (3, 2))
    else:
        (folder / "masks" / name).write_bytes(b"no image")
    with pytest.raises(InputError, match=rf"masks of class codes .* not so in 1: .*a.png: .*{message}"):
        read_dataset(f"masks:{folder}?classes=sky,road&void=255")


def test_names_that_do_not_fit_together_are_refused(folder, paint):
    for name in ("a", "b"):
        (folder / "images" / f"{name}.png").rename(folder / "images" / f"{name}_photo.png")
    with pytest.raises(InputError, match="images are called 'a_photo', 'b_photo', masks 'a', 'b'"):
        read_dataset(f"masks:{folder}?classes=sky,road&void=255")

"""VOC's folders are read in both of their layouts, with flags and attributes."""

import pytest

from seatrial.datasets import read_dataset
from seatrial.errors import InputError

OBJECT = """<object><name>{name}</name>{extra}
<bndbox><xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""


def thing(*corners, name="cat", extra=""):
    return OBJECT.format(*corners, name=name, extra=extra)


def xml(*objects, name="a.png", size="<size><width>40</width><height>30</height></size>", extra=""):
    return f"<annotation><filename>{name}</filename>{size}{extra}{''.join(objects)}</annotation>"


@pytest.fixture
def devkit(tmp_path, paint):
    """Write a data set in VOC's own folders; give its folder."""

    def write(**files):
        (tmp_path / "Annotations").mkdir()
        for stem, text in files.items():
            paint(tmp_path / "JPEGImages" / f"{stem}.png")
            if text is not None:
                (tmp_path / "Annotations" / f"{stem}.xml").write_text(text)
        return tmp_path

    return write


def boxes(manifest):
    names = ("image", "annotation", "class", "x", "y", "width", "height")
    return [tuple(row.values()) for row in manifest.objects.select(names).to_pylist()]


def test_corners_are_read_from_zero_on_or_as_pixels_from_one_on(devkit):
    folder = devkit(a=xml(thing(2, 3, 12, 15)))
    assert boxes(read_dataset(f"voc:{folder}")) == [("a.png", "a:1", "cat", 2, 3, 10, 12)]
    pixels = read_dataset(f"voc:{folder}?coordinates=pixels")
    assert boxes(pixels) == [("a.png", "a:1", "cat", 1, 2, 11, 13)]


def test_difficult_is_ignored_and_everything_else_is_an_attribute(devkit):
    extra = "<difficult>1</difficult><truncated>0</truncated><occluded>1</occluded><pose>Left</pose>"
    nested = "<attributes><attribute><name>wet</name><value>true</value></attribute></attributes>"
    folder = devkit(a=xml(thing(2, 3, 12, 15, extra=extra), thing(2, 3, 9, 9, extra=nested)))
    objects = read_dataset(f"voc:{folder}").objects
    assert objects.column("ignore").to_pylist() == [True, False]
    assert objects.select(["difficult", "truncated", "occluded", "pose", "wet"]).to_pylist() == [
        {"difficult": True, "truncated": False, "occluded": True, "pose": "Left", "wet": None},
        {"difficult": None, "truncated": None, "occluded": None, "pose": None, "wet": True},
    ]


def test_what_the_file_says_of_the_image_is_metadata(devkit):
    extra = "<folder>night</folder><source><database>ours</database></source><path>/home/x/a.png</path>"
    manifest = read_dataset(f"voc:{devkit(a=xml(thing(2, 3, 12, 15), extra=extra))}?group=folder")
    assert manifest.metadata == ("width", "height", "folder", "source_database")
    assert manifest.table.column("group").to_pylist() == ["night"]


def test_a_split_lists_images_with_or_without_a_flag(devkit):
    folder = devkit(a=xml(thing(2, 3, 12, 15)), b=xml(), c=xml())
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    (folder / "ImageSets" / "Main" / "val.txt").write_text("a  1\nc -1\n")
    (folder / "mine.txt").write_text("b\na\n")
    assert read_dataset(f"voc:{folder}?split=val").table.column("id").to_pylist() == ["a.png", "c.png"]
    assert read_dataset(f"voc:{folder}?split=mine.txt").table.column("id").to_pylist() == ["a.png", "b.png"]


def test_one_folder_may_hold_images_and_annotations(tmp_path, paint):
    for name in ("a", "b"):
        paint(tmp_path / f"{name}.png")
    (tmp_path / "a.xml").write_text(xml(thing(2, 3, 12, 15), name="another name"))
    manifest = read_dataset(f"voc:{tmp_path}")
    assert manifest.table.column("id").to_pylist() == ["a.png", "b.png"]
    assert manifest.annotated.tolist() == [True, False]
    assert [(one.kind, one.cases) for one in manifest.problems] == [("image_without_truth", ("b.png",))]


def test_without_images_the_files_sizes_are_said(devkit):
    manifest = read_dataset(f"voc:{devkit(a=xml(thing(2, 3, 12, 15)))}?images=")
    assert manifest.table.select(["id", "uri", "width", "content"]).to_pylist() == [
        {"id": "a.png", "uri": None, "width": 40, "content": None}
    ]


def test_an_annotation_without_image_is_told(devkit):
    folder = devkit(a=xml(thing(2, 3, 12, 15)), b=xml(name="b.png"))
    (folder / "JPEGImages" / "b.png").unlink()
    assert [(one.kind, one.images) for one in read_dataset(f"voc:{folder}").problems] == [
        ("image_missing", ("b.png",))
    ]


def test_a_box_of_one_point_is_kept_and_told(devkit):
    manifest = read_dataset(f"voc:{devkit(a=xml(thing(2, 3, 12, 15), thing(5, 5, 5, 5)))}")
    assert len(manifest.objects) == 2
    assert [(one.kind, one.cases) for one in manifest.problems] == [
        ("box_empty", ("a.xml, object 2 of 'a.png': x 5, y 5, width 0, height 0",))
    ]


def test_sizes_in_the_place_of_corners_are_suspected(devkit):
    boxes_as_sizes = [thing(2 + one, 3, 2 + one, 15) for one in range(3)]
    problems = read_dataset(f"voc:{devkit(a=xml(*boxes_as_sizes))}").problems
    assert "boxes_look_like_sizes" in [one.kind for one in problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<annotation>", r"a.xml: expected XML: no element found: line 1"),
        ("<page/>", "expected an <annotation>, got <page>"),
        (xml(thing(2, 3, 12, 15, name="")), r"a.xml, object 1: expected a <name>, there is none"),
        (
            xml("<object><name>cat</name></object>"),
            r"a.xml, object 1 \(cat\): expected a <bndbox>, there is none",
        ),
        (xml(thing(2, 3, "wide", 15)), r"a.xml, object 1, xmax: expected a number of pixels, got 'wide'"),
        (xml(thing(2, "nan", 12, 15)), r"a.xml, object 1, ymin: expected a number of pixels, got 'nan'"),
        (
            xml(thing(12, 3, 2, 15)),
            "no negative width or height, not so in 1: a.xml, object 1: x 12, y 3",
        ),
    ],
)
def test_a_file_that_is_no_annotation_is_refused(devkit, text, message):
    with pytest.raises(InputError, match=message):
        read_dataset(f"voc:{devkit(a=text)}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("?coordinates=inches", "expected corners or pixels, got 'inches'"),
        ("?images=nowhere", "no such folder of images"),
        ("?annotations=nowhere", "no such folder"),
        ("?split=test", "no such file"),
        ("?classes=dog", "leaves out 'cat'"),
    ],
)
def test_an_option_that_cannot_be_used_is_refused(devkit, options, message):
    with pytest.raises(InputError, match=message):
        read_dataset(f"voc:{devkit(a=xml(thing(2, 3, 12, 15)))}{options}")


def test_a_split_of_an_image_that_is_nowhere_is_refused(devkit):
    folder = devkit(a=xml(thing(2, 3, 12, 15)))
    (folder / "mine.txt").write_text("a\nzebra\n")
    with pytest.raises(InputError, match="split names 'zebra', which has neither image nor annotation"):
        read_dataset(f"voc:{folder}?split=mine.txt")


def test_no_annotation_at_all_is_refused(devkit):
    with pytest.raises(InputError, match="is empty: no XML file below"):
        read_dataset(f"voc:{devkit()}?images=")

"""The checks that look at the shapes of annotations: boxes unlike their class, slivers and holes in masks."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.quality import CheckInput, CheckOptions, NotApplicableError, measure
from seatrial.quality.mask_shapes import mask_shapes
from seatrial.quality.odd_objects import odd_objects


def checked(manifest, **options):
    return CheckInput(measure(manifest), None, CheckOptions(**options), Path())


def boxes(*more, count=30, width=640, height=480):
    """Cars of about 60 by 30 pixels all over ten images of one size, and what is added."""
    random = np.random.default_rng(0)
    rows = [
        ("car", *random.uniform([0, 0], [500, 400]), *(random.normal([60, 30], [6, 3]))) for _ in range(count)
    ]
    rows += more
    objects = [
        {"image": f"i{at % 10}", "annotation": f"a{at}", "class": name, "x": x, "y": y, "width": w}
        | {"height": h, "area": w * h, "crowd": False, "ignore": False, "mask": None}
        for at, (name, x, y, w, h) in enumerate(rows)
    ]
    nothing = pa.nulls(10, pa.string())
    columns = {"id": [f"i{one}" for one in range(10)], "uri": nothing, "annotated": [True] * 10}
    columns |= {"group": nothing, "content": nothing}
    if width is not None:
        columns |= {"width": pa.array([width] * 10), "height": pa.array([height] * 10)}
    table = pa.table(columns)
    return DatasetManifest(
        "cars", "detection", ("car", "bus"), table, pa.Table.from_pylist(objects, OBJECT_SCHEMA)
    )


def found(manifest, **options):
    return [
        (one.evidence["kind"], one.sample_ids[0])
        for one in odd_objects(checked(manifest, **options)).findings
    ]


def test_boxes_like_their_class_are_no_findings():
    assert found(boxes()) == []


def test_boxes_of_another_size_shape_or_place_are_told():
    assert found(boxes(("car", 100, 100, 6, 3))) == [("size", "i0")]
    assert found(boxes(("car", 100, 100, 10, 180))) == [("aspect", "i0")]
    low = [("car", x, 440.0, 60.0, 30.0) for x in np.linspace(0, 500, 40)]
    assert found(boxes(*low, ("car", 300, 0, 60, 30), count=0)) == [("place", "i0")]


def test_a_finding_names_annotation_box_and_distance():
    (finding,) = odd_objects(checked(boxes(("car", 100, 100, 6, 3)))).findings
    assert finding.evidence["annotations"] == ["a30"]
    assert finding.evidence["boxes"] == [[100.0, 100.0, 6.0, 3.0]]
    assert finding.score == finding.evidence["distances"][0] > 6
    assert finding.message == "1 box of a size that their class does not have: 'a30'"


def test_few_objects_of_a_class_are_left_alone():
    assert found(boxes(("bus", 100, 100, 6, 3), ("bus", 0, 0, 400, 300))) == []


def test_without_image_sizes_sizes_are_compared_in_pixels_and_places_are_not():
    low = [("car", x, 440.0, 60.0, 30.0) for x in np.linspace(0, 500, 40)]
    manifest = boxes(*low, ("car", 300, 0, 60, 30), ("car", 0, 440, 6, 3), count=0, width=None)
    assert found(manifest) == [("size", "i1")]


def test_other_tasks_have_no_boxes(manifest):
    with pytest.raises(NotApplicableError, match="it has no boxes"):
        odd_objects(checked(manifest({"a": None})))
    with pytest.raises(NotApplicableError, match="no masks of classes"):
        mask_shapes(checked(boxes()))


@pytest.fixture
def masks(tmp_path):
    def make(*codes, foreground=False, void=None, classes=("ground", "road")):
        uris = []
        for number, one in enumerate(codes):
            uris.append(None if one is None else str(tmp_path / f"{number}.png"))
            if one is not None:
                Image.fromarray(np.asarray(one, dtype=np.uint8)).save(uris[-1])
        nothing = pa.nulls(len(codes), pa.string())
        columns = {"id": [f"i{one}" for one in range(len(codes))], "uri": nothing}
        columns |= {"mask": pa.array(uris, pa.string()), "mask_content": nothing}
        table = pa.table(columns | {"group": nothing, "content": nothing})
        return DatasetManifest("m", "segmentation", classes, table, None, void, foreground)

    return make


def field(*painted, size=200):
    """A square of road on ground, and what is painted over: (y, x, height, width, code)."""
    codes = np.zeros((size, size), dtype=np.uint8)
    codes[50:150, 50:150] = 1
    for y, x, height, width, code in painted:
        codes[y : y + height, x : x + width] = code
    return codes


def shapes(manifest, **options):
    return [
        (one.evidence["kind"], one.evidence["classes"], one.evidence["boxes"])
        for one in mask_shapes(checked(manifest, **options)).findings
    ]


def test_whole_segments_are_no_findings(masks):
    assert shapes(masks(field())) == []


def test_specks_are_slivers_and_specks_of_ground_inside_a_segment_are_holes(masks):
    assert shapes(masks(field((10, 10, 1, 1, 1)))) == [("sliver", ["road"], [[10, 10, 1, 1]])]
    assert shapes(masks(field((100, 100, 1, 1, 0)))) == [("hole", ["ground"], [[100, 100, 1, 1]])]
    assert shapes(masks(field((100, 100, 1, 1, 9)), void=9)) == [("hole", ["void"], [[100, 100, 1, 1]])]
    assert shapes(masks(field((100, 100, 9, 9, 0)))) == []


def test_ground_at_the_edge_or_between_segments_is_a_gap_and_no_hole(masks):
    between = field((0, 0, 200, 200, 1), (0, 100, 200, 100, 2), (90, 100, 1, 1, 0))
    assert shapes(masks(between, classes=("ground", "road", "path"))) == []
    assert shapes(masks(field((0, 0, 200, 200, 1), (0, 5, 1, 1, 0)))) == []


def test_thin_segments_are_slivers_unless_their_class_is_thin_by_nature(masks):
    wide = [field((5 + 12 * at, 5, 8, 30, 1), (180, 10, 1, 90, 1)) for at in range(12)]
    assert shapes(masks(field(*[(5 + 6 * at, 5, 4, 30, 1) for at in range(20)], (180, 10, 1, 90, 1)))) == [
        ("sliver", ["road"], [[10, 180, 90, 1]])
    ]
    assert shapes(masks(*wide)) == []


def test_holes_in_instances_and_pieces_cut_off_them_are_told(masks):
    numbers = field()
    numbers[100, 100] = 0
    numbers[160:180, 160:180] = 2
    numbers[185, 185] = 2
    assert shapes(masks(numbers, foreground=True)) == [
        ("hole", ["road"], [[100, 100, 1, 1]]),
        ("sliver", ["road"], [[185, 185, 1, 1]]),
    ]


def test_an_instance_in_two_large_pieces_is_its_shape(masks):
    numbers = field()
    numbers[160:190, 50:150] = 1
    assert shapes(masks(numbers, foreground=True)) == []


def test_masks_that_nobody_drew_or_that_went_are_left_out(masks, tmp_path):
    manifest = masks(None, field((10, 10, 1, 1, 1)))
    assert len(shapes(manifest)) == 1
    (tmp_path / "1.png").unlink()
    assert shapes(manifest) == []
    with pytest.raises(NotApplicableError, match="no image has a mask"):
        mask_shapes(checked(masks(None)))

"""Reports of detectors and segmenters: real tables and measurements, pictures with what was said drawn on."""

import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.reporting import render_html
from seatrial.reporting.atlas import Atlas
from seatrial.reporting.detections import error_kinds
from seatrial.reporting.distribution import class_distribution
from seatrial.reporting.focus import focus_rows
from seatrial.reporting.mistakes import mistake_groups
from seatrial.reporting.overlays import COLOURS, Mark, drawn
from seatrial.reporting.payload import payload

NOTHING = Atlas((), {})

IMAGES, SIDE = 24, 64


def test_images_where_more_is_missed_than_before_are_broken(detection):
    groups = {one.key: one for one in mistake_groups(detection, focus_rows(detection), 48)}
    assert (groups["broken"].total, groups["fixed"].total, groups["wrong"].total) == (12, 0, 0)
    one = groups["broken"].mistakes[0]
    assert one.attributes["light"] == "night"
    assert (one.label, one.candidate.words, one.baseline.words) == (
        "2 objects", "1 missed, 1 false", "all found",
    )  # fmt: skip
    assert sorted(mark.kind for mark in one.candidate.marks) == ["false", "found", "missed", "right"]
    assert one.candidate.scores == (("car", 0.9), ("car, false", 0.8))


def test_a_slice_of_objects_points_at_the_images_that_hold_them(detection):
    focus = focus_rows(detection)
    assert set(focus) == {"light=night", "people"}
    assert focus["people"].tolist() == list(range(IMAGES))
    assert focus["light=night"].tolist() == list(range(1, IMAGES, 2))


def test_kinds_of_error_are_listed_with_their_cost(detection):
    kinds = {one.name: one for one in error_kinds(detection)}
    assert (kinds["missed"].errors, kinds["missed"].errors_before) == ("12", "0")
    assert (kinds["background"].errors, kinds["background"].errors_before) == ("12", "0")
    assert kinds["missed"].width == 1.0
    assert next(iter(kinds)) == "missed"


def test_classes_are_counted_in_truth_and_prediction(detection):
    assert [(one.name, one.truths, one.predictions, one.before) for one in class_distribution(detection)] == [
        ("car", "24", "36", "24"),
        ("person", "24", "12", "24"),
    ]


def test_the_confusion_matrix_has_a_background(detection):
    found = payload(detection, [], NOTHING, None)
    assert found["classes"] == ["car", "person", "(background)"]
    flat = found["confusion"][0]["candidate"]
    assert list(zip(flat[::3], flat[1::3], flat[2::3], strict=True)) == [
        (0, 0, 24), (1, 1, 12), (1, 2, 12), (2, 0, 12),
    ]  # fmt: skip


def test_images_whose_iou_fell_are_broken(segmentation):
    groups = {one.key: one for one in mistake_groups(segmentation, {}, 48)}
    assert (groups["broken"].total, groups["fixed"].total, groups["wrong"].total) == (12, 0, 0)
    said = groups["broken"].mistakes[0].candidate
    # class 0 keeps half of its pixels; class 1 is right but half as much again is taken for it
    assert said.words.replace("\u202f", " ") == f"mean IoU {100 * (0.5 + 2 / 3) / 2:.0f} %"
    assert said.scores == (("IoU of car", 0.5), ("IoU of person", pytest.approx(2 / 3)))


def test_a_segmenters_pictures_show_what_it_says_and_where_classes_truly_meet(segmentation):
    marks = segmentation.outcomes.marks(1)
    assert [one.kind for one in marks] == ["surfaces", "outline"]
    pixels = np.asarray(drawn(Image.new("RGB", (SIDE, SIDE)), (SIDE, SIDE), marks)).astype(int)
    border = SIDE // 2
    assert (pixels[:, border] == 255).all()  # the truth: a line from top to bottom
    said = pixels[:, : border - 1].sum(axis=2) > 0
    assert said[border:].all()  # at night, the lower half is taken for class one
    assert not said[:border].any()


def test_a_true_mask_that_is_gone_is_not_drawn(segmentation):
    samples = segmentation.candidate.samples
    gone = pa.array(["gone.png"] * len(samples))
    samples = samples.set_column(samples.column_names.index("mask"), "mask", gone)
    candidate = replace(segmentation.candidate, samples=samples)
    outcomes = replace(segmentation, candidate=candidate).outcomes
    assert [one.kind for one in outcomes.marks(1)] == ["surfaces"]


@pytest.mark.parametrize("task", ["detection", "segmentation"])
def test_the_page_explains_the_pictures_and_says_no(task, request):
    page = render_html(request.getfixturevalue(task))
    assert "May it go live?" in page
    assert ("Boxes: white" if task == "detection" else "Colours: what the model") in page
    assert ("White lines: where classes meet" in page) == (task == "segmentation")
    assert page.count('class="champions"') == 12
    assert ("Which kinds of error cost most" in page) == (task == "detection")


def test_boxes_are_drawn_in_their_colours_where_they_are():
    picture = drawn(Image.new("RGB", (128, 128)), (64, 64), [Mark("missed", (10.0, 5.0, 20.0, 30.0))])
    pixels = np.asarray(picture)
    assert tuple(pixels[10, 40]) == tuple(pixels[40, 20]) == COLOURS["missed"]
    assert pixels[40, 40].sum() == 0


def test_surfaces_are_tinted_but_for_the_first():
    codes = np.zeros((8, 8), dtype=np.uint8)
    codes[:, 4:] = 1
    stream = io.BytesIO()
    Image.fromarray(codes).save(stream, "PNG")
    pixels = np.asarray(drawn(Image.new("RGB", (16, 16)), (8, 8), [Mark("surfaces", png=stream.getvalue())]))
    assert pixels[:, :8].sum() == 0
    assert (pixels[:, 8:].sum(axis=2) > 0).all()

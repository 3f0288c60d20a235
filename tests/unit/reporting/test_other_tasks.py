"""Reports of detectors and segmenters: real tables and measurements, pictures with what was said drawn on."""

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import OBJECT_SCHEMA
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.evaluation.detection import DetectedObjects, detection_tables
from seatrial.evaluation.pixels import pixel_counts, pixel_table
from seatrial.evaluation.segmentation import segmentation_samples
from seatrial.gates import Policy, decide
from seatrial.reporting import ReportInputs, render_html
from seatrial.reporting.atlas import Atlas
from seatrial.reporting.detections import error_kinds
from seatrial.reporting.distribution import class_distribution
from seatrial.reporting.focus import focus_rows
from seatrial.reporting.mistakes import mistake_groups
from seatrial.reporting.overlays import COLOURS, Mark, drawn
from seatrial.reporting.payload import payload
from seatrial.slices import MeasureOptions
from seatrial.slices.measure import measure

NOTHING = Atlas((), {})

CLASSES = ("car", "person")
IMAGES, SIDE = 24, 64
PLACES = ((4, 6, 20, 12), (36, 30, 8, 24))

POLICY = """
apiVersion: seatrial/v1
task: {task}
statistics: {{alpha: 0.05, replicates: 60, seed: 7}}
defaults: {{min_n: 3, on_inconclusive: warn}}
slices:
  light: {{by: [light]}}
{slices}
rules:
  - {{id: light, type: no_regression, metric: {metric}, slice: light, severity: block}}
{rules}
"""
OF_OBJECTS = "  people: {level: object, where: \"class == 'person'\"}"
ON_OBJECTS = "  - {id: people, type: no_regression, metric: ar_100, slice: people, severity: block}"


def header(task):
    return EvaluationHeader(task, CLASSES, "models:/m/1", "sha256:m", "streets", "sha256:d", IMAGES)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streets")
    rows = []
    for number in range(IMAGES):
        pixels = np.full((SIDE, SIDE, 3), 90, dtype=np.uint8)
        for (x, y, width, height), shade in zip(PLACES, (200, 20), strict=True):
            pixels[y : y + height, x : x + width] = shade
        path = folder / f"{number:02}.png"
        Image.fromarray(pixels).save(path)
        light = "night" if number % 2 else "day"
        rows.append({"id": path.stem, "uri": str(path), "group": None, "content": None, "light": light})
    types = {"id": pa.string(), "uri": pa.string(), "group": pa.string(), "content": pa.string()}
    table = pa.Table.from_pylist(rows)
    return table.set_column(2, "group", table["group"].cast(types["group"])).set_column(
        3, "content", table["content"].cast(types["content"])
    )


def detector(images, *, misses):
    """Find everything, but the person where ``misses`` says; then see a car in the sky."""
    annotated = images.append_column("annotated", pa.array([True] * IMAGES))
    truths = [
        {"image": one, "annotation": f"{one}-{k}", "class": name, "x": x, "y": y, "width": w, "height": h,
         "area": w * h, "crowd": False, "ignore": False, "mask": None}
        for one in images["id"].to_pylist()
        for k, (name, (x, y, w, h)) in enumerate(zip(CLASSES, PLACES, strict=True))
    ]  # fmt: skip
    found = []
    for light in images["light"].to_pylist():
        second = (40, 0, 10, 8) if misses(light) else PLACES[1]
        boxes = np.array([PLACES[0], second], dtype=np.float64)
        codes = np.array([0, 0 if misses(light) else 1])
        found.append(DetectedObjects(boxes, np.array([0.9, 0.8]), codes))
    table = pa.Table.from_pylist(truths, schema=OBJECT_SCHEMA)
    samples, objects = detection_tables(annotated, table, CLASSES, found)
    return EvaluationTable(header("detection"), samples, objects=objects)


def segmenter(images, *, misses):
    """Take everything for what it is, but the lower half for class one where ``misses`` says."""
    truth = np.zeros((SIDE, SIDE), dtype=np.uint8)
    truth[:, SIDE // 2 :] = 1
    place = Path(images["uri"][0].as_py()).parent / "truth.png"
    Image.fromarray(truth).save(place)
    columns = images.append_column("mask", pa.array([str(place)] * IMAGES))
    columns = columns.append_column("mask_content", images["id"])
    counts, pictures = [], []
    for light in images["light"].to_pylist():
        said = truth.copy()
        if misses(light):
            said[SIDE // 2 :] = 1
        counts.append(pixel_counts(truth, said, len(CLASSES), None))
        stream = io.BytesIO()
        Image.fromarray(said).save(stream, "PNG")
        pictures.append(stream.getvalue())
    ids = images["id"].to_pylist()
    return EvaluationTable(
        header("segmentation"),
        segmentation_samples(columns),
        pixels=pixel_table(ids, counts, CLASSES),
        masks=pa.table({"image": ids, "mask": pictures}),
    )


def told(task, model, images, metric, slices="", rules=""):
    candidate = model(images, misses=lambda light: light == "night")
    champion = model(images, misses=lambda _: False)
    policy = Policy.parse(POLICY.format(task=task, metric=metric, slices=slices, rules=rules), "policy.yaml")
    report = measure(candidate, champion, policy.slices, MeasureOptions(replicates=60))
    verdict = decide(policy, report, today=date(2026, 6, 1), inputs={})
    return ReportInputs(candidate, report, verdict, champion)


@pytest.fixture(scope="module")
def detection(images):
    return told("detection", detector, images, "map_50_95", OF_OBJECTS, ON_OBJECTS)


@pytest.fixture(scope="module")
def segmentation(images):
    return told("segmentation", segmenter, images, "miou")


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

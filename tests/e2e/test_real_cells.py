"""Blood cells (BCCD), whose first annotations know red cells alone: a detector shows what is missing."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seatrial.datasets import read_dataset
from seatrial.slices.report import BACKGROUND
from seatrial.steps import check_data, decide_promotion, measure_slices
from seatrial_pipelines.demo.crossing.detector import train_detector
from seatrial_pipelines.demo.crossing.scenes import OBJECTS, SIDE, Box, Scene

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    # torch.jit is deprecated, and many models are still exchanged in its format
    pytest.mark.filterwarnings("ignore:.torch.jit.(trace|save|trace_method). is:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.torch.jit.(trace|save|trace_method). is:FutureWarning"),
]

CLASSES = ("Platelets", "RBC", "WBC")
WIDTH, HEIGHT = 192, 144
JUDGED = 50

POLICY = """
apiVersion: seatrial/v1
task: detection
statistics: {replicates: 100, seed: 7}
defaults: {min_n: 20, on_inconclusive: warn, on_missing_slice: error}
detection: {score: 0.5, iou: 0.5}
slices:
  size:  {level: object, by: [size]}
  large: {level: object, where: "size == 'large'"}
rules:
  - {id: floor,        type: min, metric: map_50, value: 0.45, severity: block}
  - {id: white-cells,  type: min, metric: recall, class: WBC, value: 0.80, severity: block}
  - {id: red-cells,    type: min, metric: recall, class: RBC, value: 0.60, severity: block}
  - {id: platelets,    type: min, metric: recall, class: Platelets, value: 0.95, severity: block}
  - {id: large-cells,  type: min, metric: ar_100, slice: large, value: 0.40, severity: block}
  - {id: false-alarms, type: max, metric: fp_per_image, value: 1, severity: warn}
  - {id: readable,     type: data, check: broken, max_count: 0, severity: block}
"""


@dataclass(frozen=True)
class Cells:
    """A detector of blood cells, and what the annotations as they are now say of it."""

    data: Path
    folder: Path
    judged: Any = None

    def dataset(self, annotations, split=None, **options):
        given = {"images": "images", "split": split or f"{self.folder}/val.txt", **options}
        listed = "&".join(f"{key}={value}" for key, value in given.items())
        return f"voc:{self.data}?annotations=annotations_{annotations}&{listed}"


@pytest.fixture(scope="module")
def cells(shared_data, judge, tmp_path_factory):
    told = Cells(shared_data / "bccd", tmp_path_factory.mktemp("cells"))
    names = (told.data / "ImageSets" / "Main" / "val.txt").read_text().split()[:JUDGED]
    (told.folder / "val.txt").write_text("\n".join(names))
    network = train_detector(list(crops(told)), seed=0)
    # the network sees images of any size; it is trained on parts of them
    x, y = np.meshgrid(np.arange(4, WIDTH, 8), np.arange(4, HEIGHT, 8))
    network.centres_x, network.centres_y = (torch.from_numpy(one.ravel()).float() for one in (x, y))
    options = {
        "adapter": "yolo",
        "adapter_options": {"nms_iou": 0.5, "score": 0.1},
        "classes": list(CLASSES),
    }
    dataset = told.dataset("corrected", name="cells")
    return replace(told, judged=judge(told.folder, network, (HEIGHT, WIDTH), options, dataset, POLICY))


def crops(told, each=6):
    """Cut training images; two of three parts show a platelet, of which there are few."""
    manifest = read_dataset(told.dataset("corrected", "train"))
    objects = dict(tuple(manifest.objects.to_pandas().groupby("image")))
    random = np.random.default_rng(0)
    for id_, uri in zip(*(manifest.table.column(name).to_pylist() for name in ("id", "uri")), strict=True):
        with Image.open(uri) as image:
            scale = WIDTH / image.width
            pixels = np.asarray(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
        codes = np.array([CLASSES.index(one) for one in objects[id_]["class"]])
        corners = objects[id_][["x", "y", "x", "y"]].to_numpy() * scale
        corners[:, 2:] += objects[id_][["width", "height"]].to_numpy() * scale
        for number in range(each):
            rare = np.flatnonzero(codes == 0) if number % 3 else []
            chosen = random.choice(rare if len(rare) else len(codes))
            middle = (corners[chosen, :2] + corners[chosen, 2:]) / 2
            corner = middle - random.uniform(10, SIDE - 10, 2)
            left, top = np.clip(corner, 0, [WIDTH - SIDE, HEIGHT - SIDE]).astype(int)
            part = pixels[top : top + SIDE, left : left + SIDE]
            boxes = (corners - [left, top, left, top]).clip(0, SIDE)
            yield _scene(part, boxes, corners, codes, mirrored=random.random() < 0.5)


def _scene(part, boxes, whole, codes, *, mirrored):
    if mirrored:
        part, boxes = (
            part[:, ::-1],
            np.stack([SIDE - boxes[:, 2], boxes[:, 1], SIDE - boxes[:, 0], boxes[:, 3]], 1),
        )
    seen = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) > 0.4 * (whole[:, 2:] - whole[:, :2]).prod(axis=1)
    found = tuple(
        Box(OBJECTS[code], x1, y1, x2 - x1, y2 - y1, 0.0)
        for code, (x1, y1, x2, y2) in zip(codes[seen], boxes[seen], strict=True)
    )
    return Scene("", "", "", "", part.copy(), np.zeros((SIDE, SIDE), np.uint8), found)


@pytest.fixture(scope="module")
def unlabelled(cells):
    """The same detector, measured by the annotations that know red cells alone."""
    evaluation = cells.judged.evaluated(cells.dataset("original", classes=",".join(CLASSES)), "original")
    return measure_slices.run(
        evaluation, cells.folder / "original-slices", policy=cells.folder / "policy.yaml"
    )


def value(report, metric, class_=None, slice_="all"):
    return report.find(slice_, metric, class_).candidate.value


def test_a_detector_of_cells_goes_through_the_whole_pipeline(cells):
    judged = cells.judged
    outcomes = {one.rule: str(one.outcome) for one in judged.verdict.decisions}
    # it finds the cells and is refused for the platelets, which are few and small
    assert judged.code == 1, judged.screen
    assert {rule for rule, outcome in outcomes.items() if outcome == "fail"} == {"platelets", "false-alarms"}
    assert {outcomes[rule] for rule in ("floor", "white-cells", "red-cells", "large-cells")} == {"pass"}
    assert judged.published == "fail"
    page = judged.page
    assert "recall of class &#39;Platelets&#39;" in page
    assert "Boxes: white, an object that is found" in page
    assert page.count("data:image/jpeg") + page.count("data:image/webp") > 20


def test_large_cells_are_found_more_often_than_smaller_ones(cells):
    recalls = [value(cells.judged.slices, "ar_100", slice_=f"size={one}") for one in ("medium", "large")]
    assert recalls[1] > recalls[0] + 0.1


def test_classes_without_labels_stand_out_in_what_is_predicted_and_never_true(cells, unlabelled):
    before = cells.judged.slices
    there = {one["class"]: one for one in before.details["candidate"]["class_counts"]}
    gone = {one["class"]: one for one in unlabelled.details["candidate"]["class_counts"]}
    assert {name: one["truths"] for name, one in gone.items()} == {
        "Platelets": 0,
        "RBC": gone["RBC"]["truths"],
        "WBC": 0,
    }
    # the model says as much as ever: about one white cell an image
    assert 0.8 * there["WBC"]["truths"] < gone["WBC"]["predictions"] < 1.5 * there["WBC"]["truths"]
    assert gone["Platelets"]["predictions"] > 15
    assert gone["RBC"]["predictions"] < 2 * gone["RBC"]["truths"]


def test_their_precision_collapses_and_that_of_the_labelled_class_stays(cells, unlabelled):
    before = cells.judged.slices
    assert value(before, "precision", "WBC") > 0.7
    assert value(before, "precision", "Platelets") > 0.2
    assert value(unlabelled, "precision", "WBC") == value(unlabelled, "precision", "Platelets") == 0
    assert value(unlabelled, "precision", "RBC") == pytest.approx(value(before, "precision", "RBC"), abs=0.1)
    assert value(unlabelled, "fp_per_image", "WBC") > value(before, "fp_per_image", "WBC") + 0.5


def test_what_is_nothing_is_taken_for_them(cells, unlabelled):
    def taken(report):
        return Counter(
            {
                one.prediction: one.count
                for one in report.confusion
                if (one.slice, one.label) == ("all", BACKGROUND)
            }
        )

    before, after = taken(cells.judged.slices), taken(unlabelled)
    assert after["WBC"] > 3 * before["WBC"] + 20
    assert after["Platelets"] > before["Platelets"]


def test_a_mean_over_classes_hides_it_and_a_rule_on_the_class_does_not(cells, unlabelled, tmp_path):
    # average precision has no class without truths in its mean: it looks better than before
    assert value(unlabelled, "map_50") > value(cells.judged.slices, "map_50")
    folder = cells.folder
    verdict = decide_promotion.run(folder / "policy.yaml", folder / "original-slices", tmp_path / "verdict")
    found = {one.rule: (str(one.outcome), one.blocking, one.reason) for one in verdict.decisions}
    assert found["floor"][0] == "pass"
    assert found["white-cells"] == ("error", True, "not computable: no object of class 'WBC' that counts")
    assert found["platelets"] == ("error", True, "not computable: no object of class 'Platelets' that counts")


def test_the_data_checks_name_classes_and_images_without_labels(cells, tmp_path):
    report = check_data.run(
        cells.dataset("original", classes=",".join(CLASSES)),
        tmp_path / "quality",
        reference=cells.dataset("corrected", "train"),
        only=("class_balance", "missing_labels"),
    )
    absent = next(one for one in report.findings if one.evidence.get("kind") == "absent")
    assert absent.evidence["classes"] == ["Platelets", "WBC"]
    shifted = next(one for one in report.findings if one.evidence.get("kind") == "shift")
    assert shifted.evidence["class"] == "RBC"
    assert shifted.evidence["share"] - shifted.evidence["reference_share"] > 0.1
    missing = next(one for one in report.findings if one.check == "missing_labels")
    written = {path.stem for path in (cells.data / "annotations_original").iterdir()}
    names = (cells.folder / "val.txt").read_text().split()
    assert set(missing.sample_ids) == {f"{name}.jpg" for name in names if name not in written} != set()


def test_predictions_of_classes_that_no_annotation_knows_are_counted_aloud(cells, tmp_path, capsys):
    (tmp_path / "few.txt").write_text("\n".join((cells.folder / "val.txt").read_text().split()[:6]))
    cells.judged.evaluated(cells.dataset("original", tmp_path / "few.txt"), "few")
    assert "of 2 classes that the data set does not have were left out: 'Platelets', 'WBC'" in (
        capsys.readouterr().err
    )


def test_what_is_not_annotated_is_found_as_overlooked(cells, unlabelled, tmp_path):
    assert value(unlabelled, "precision", "WBC") == 0
    report = check_data.run(
        cells.dataset("original", classes=",".join(CLASSES)),
        tmp_path / "quality",
        evaluation=cells.folder / "original",
        only=("label_errors",),
    )
    corrected = read_dataset(cells.dataset("corrected")).objects.to_pandas()
    white = corrected[corrected["class"] == "WBC"].groupby("image")
    suggested = [
        (one.sample_ids[0], box)
        for one in report.findings
        if one.evidence["kind"] == "overlooked"
        for box in one.evidence["suggested_boxes"]
        if box["class"] == "WBC"
    ]
    right = [box for image, box in suggested if image in white.groups and _meets(box, white.get_group(image))]
    images = {image for image, _ in suggested}
    annotated = {path.stem for path in (cells.data / "annotations_original").iterdir()}
    there = {image for image in white.groups if image.removesuffix(".jpg") in annotated}
    assert len(right) > 0.85 * len(suggested)
    assert len(images & there) > 0.7 * len(there)
    # of the class that is annotated, far less is missing
    red = sum(
        box["class"] == "RBC"
        for one in report.findings
        if one.evidence["kind"] == "overlooked"
        for box in one.evidence["suggested_boxes"]
    )
    assert red < len(suggested)


def _meets(box, others):
    """Tell whether a box overlaps one of the others by half."""
    low = np.maximum(others[["x", "y"]].to_numpy(), [box["x"], box["y"]])
    ends = others[["x", "y"]].to_numpy() + others[["width", "height"]].to_numpy()
    high = np.minimum(ends, [box["x"] + box["width"], box["y"] + box["height"]])
    both = (high - low).clip(0).prod(axis=1)
    area = box["width"] * box["height"] + others[["width", "height"]].to_numpy().prod(axis=1)
    return bool((both / (area - both) >= 0.5).any())

"""Detections that others have published are imported with the numbers that they have published."""

import contextlib
import io
import json

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from seatrial.steps import import_predictions

pytestmark = pytest.mark.shared_data


def average_precisions(objects, geometry="bbox"):
    """COCO's twelve numbers of the objects of an evaluation, as pycocotools measures them."""
    rows = objects.to_pylist()
    sizes = {row["image"]: row["size"] for row in rows}
    images = {name: number for number, name in enumerate(sorted(sizes), start=1)}
    classes = {name: number for number, name in enumerate(sorted({row["class"] for row in rows}), start=1)}
    annotations = []
    for number, row in enumerate(rows, start=1):
        one = {
            "id": number,
            "image_id": images[row["image"]],
            "category_id": classes[row["class"]],
            "bbox": [row[side] for side in ("x", "y", "width", "height")],
            "area": row["area"],
            "iscrowd": int(row["crowd"]),
            "score": row["score"],
        }
        if row["mask"] is not None:
            one["segmentation"] = {"size": row["size"], "counts": row["mask"]}
        annotations.append((row["role"], one))
    truth, found = COCO(), COCO()
    for side, role in ((truth, "truth"), (found, "prediction")):
        side.dataset = {
            "images": [{"id": images[name], "height": h, "width": w} for name, (h, w) in sizes.items()],
            "categories": [{"id": number} for number in classes.values()],
            "annotations": [one for whose, one in annotations if whose == role],
        }
        side.createIndex()
    evaluation = COCOeval(truth, found, geometry)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats


@pytest.fixture
def measured():
    def measure(table, geometry="bbox"):
        sizes = {row["id"]: [int(row["height"]), int(row["width"])] for row in table.samples.to_pylist()}
        objects = table.objects
        column = [sizes[one] for one in objects.column("image").to_pylist()]
        with contextlib.redirect_stdout(io.StringIO()):
            return average_precisions(objects.append_column("size", [column]), geometry)

    return measure


VOC100 = {
    "coco": "coco_format/coco_dets.json?others=drop",
    "corners": "abs_xyx2y2?classes={names}",
    "sizes": "abs_xywh?columns=class,score,x,y,width,height&classes={names}",
    "relative": "rel_xywh?columns=class,score,cx,cy,width,height&relative=yes&classes={names}",
}


@pytest.mark.parametrize("layout", VOC100)
def test_detections_in_every_layout_have_the_stated_precision(shared_data, tmp_path, measured, layout):
    folder = shared_data / "voc100_formats"
    names = f"@{folder}/toyexample/voc.names"
    truth = f"coco:{folder}/gts/coco_format_v1/instances_default.json?images="
    predictions = f"{folder}/dets/{VOC100[layout].format(names=names)}"
    table = import_predictions.run(predictions, truth, tmp_path / "out", task="detection")
    assert sum(table.samples.column("predictions").to_pylist()) == 452
    assert measured(table)[:2] == pytest.approx([0.3470, 0.6100], abs=5e-5)


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ("bbox", [0.505, 0.697, 0.573, 0.586, 0.519, 0.501, 0.387, 0.594, 0.595, 0.640, 0.566, 0.564]),
        ("segm", [0.320, 0.562, 0.299, 0.387, 0.310, 0.327, 0.268, 0.415, 0.417, 0.469, 0.377, 0.381]),
    ],
)
def test_cocos_own_results_have_the_published_numbers(shared_data, tmp_path, measured, geometry, expected):
    folder = shared_data / "coco_eval_fixtures"
    table = import_predictions.run(
        f"{folder}/instances_val2014_fake{geometry}100_results.json",
        f"coco:{folder}/instances_val2014_100.json?images=",
        tmp_path / "out",
        task="detection",
    )
    assert measured(table, geometry) == pytest.approx(expected, abs=5e-4)


def test_a_toy_of_voc_has_its_truths_and_detections(shared_data, tmp_path, capsys):
    folder = shared_data / "odm_toy"
    images, annotations = [], []
    for number, path in enumerate(sorted((folder / "groundtruths").glob("*.txt")), start=1):
        images.append({"id": number, "file_name": f"{path.stem}.jpg", "width": 200, "height": 200})
        for line in path.read_text().splitlines():
            box = [float(one) for one in line.split()[1:]]
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": box}
            )
    body = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (tmp_path / "truth.json").write_text(json.dumps(body))
    table = import_predictions.run(
        f"{folder}/detections?columns=class,score,x,y,width,height",
        f"coco:{tmp_path}/truth.json?images=",
        tmp_path / "out",
        task="detection",
    )
    assert table.objects.column("role").to_pylist().count("truth") == 15
    scores = np.array(table.objects.column("score").drop_null())
    assert (len(scores), scores.max()) == (24, 0.95)
    assert "15 annotations have no iscrowd; taken as 0" in capsys.readouterr().err

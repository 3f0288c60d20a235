"""Blind spots of detectors and segmenters."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.evaluation.pixels import PIXEL_SCHEMA
from seatrial.mining.axes import UnitAxes
from seatrial.mining.blind_spots import find_blind_spots
from seatrial.mining.failures import Failures
from seatrial.mining.importance import attribute_importance
from seatrial.neighbours import Embeddings
from seatrial.slices.measure import MeasureOptions, measure


@pytest.fixture(scope="module")
def detected(detection_table):
    """Small dogs are missed at night; the attribute ``angle`` is one that only annotations have."""
    random = np.random.default_rng(0)
    images = [f"image {number:03}" for number in range(300)]
    night = random.random(300) < 0.4
    truths, predictions = [], []
    for number, image in enumerate(images):
        for place in range(3):
            small = random.random() < 0.4
            kind = "dog" if random.random() < 0.5 else "cat"
            box = (10 + 120 * place, 10, *((14, 14) if small else (80, 80)))
            truths.append({"image": image, "class": kind, "box": box, "angle": int(random.integers(0, 3))})
            rate = 0.8 if small and kind == "dog" and night[number] else 0.05
            if random.random() > rate:
                predictions.append({"image": image, "class": kind, "box": box, "score": 0.9})
        if random.random() < 0.05:
            predictions.append({"image": image, "class": "cat", "box": (400, 400, 30, 30), "score": 0.8})
    light = pa.array(np.where(night, "night", "day").tolist())
    size = pa.array([640] * 300)
    return detection_table(images, ["cat", "dog"], truths, predictions, light=light, width=size, height=size)


def test_a_detectors_group_is_chosen_by_object_and_image_attributes(detected):
    found = find_blind_spots(detected)
    best = found.confirmed[0]
    assert set(best.candidate.spec.where.split(" and ")) == {
        "class == 'dog'",
        "size == 'small'",
        "light == 'night'",
    } or best.candidate.spec.where.startswith(("class == 'dog'", "size == 'small'"))
    assert best.candidate.spec.level == "object"
    assert best.cell == ("dog", "(background)", 1.0)
    assert "there are no embeddings of objects: groups are looked for by attributes alone" in found.notes


def test_the_proposed_slice_of_objects_measures_what_was_found(detected):
    found = find_blind_spots(detected)
    best = found.confirmed[0]
    report = measure(
        detected,
        None,
        {"spot": best.candidate.spec},
        MeasureOptions(replicates=0, metrics=("recall",), score=0.5),
    )
    failures, inside = found.failures, best.candidate.inside
    truths = inside & (failures.truth < 2)
    recall = report.find("spot", "recall", "dog").candidate.value
    assert recall == pytest.approx(1 - failures.error[truths].mean())


def test_false_positives_are_in_no_group_by_what_only_annotations_have(detected):
    failures = Failures.from_evaluation(detected)
    axes = UnitAxes.of(detected, failures, np.ones(len(failures), dtype=bool))
    angle = next(axis for axis in axes.axes if axis.name == "angle")
    stray = failures.truth == 2
    assert stray.any()
    assert (angle.cells[stray] == -1).all()
    assert (angle.cells[~stray] >= 0).all()


def test_how_many_truths_are_near_is_no_attribute_since_false_positives_lie_on_none(detected):
    failures = Failures.from_evaluation(detected)
    axes = UnitAxes.of(detected, failures, np.ones(len(failures), dtype=bool))
    assert "crowding" in axes.table.column_names
    assert "crowding" not in {axis.name for axis in axes.axes}
    assert "false positive" in axes.left_out["crowding"]


def test_what_only_annotations_have_does_not_matter_because_false_positives_lack_it(detected):
    found = find_blind_spots(detected)
    importance = attribute_importance(found.axes, found.failures, found.confirming, confidence=0.95, seed=0)
    by_name = {one.attribute: one for one in importance}
    assert by_name["angle"].low < 0.01
    assert by_name["light"].low > 0.02


def test_clusters_of_objects_are_found_by_embeddings_of_objects(detected):
    failures = Failures.from_evaluation(detected)
    rows = np.arange(detected.objects.num_rows)
    boxes = np.stack([detected.objects.column(name).to_numpy() for name in ("x", "y", "width", "height")], 1)
    random = np.random.default_rng(1)
    vectors = random.normal(size=(len(rows), 5)).astype(np.float32)
    hard = np.zeros(len(rows), dtype=bool)
    hard[failures.object[failures.error & (failures.truth == 1)]] = True
    vectors[hard, 0] += 8
    embedded = Embeddings(
        tuple(detected.objects.column("image").to_pylist()),
        vectors,
        boxes,
        {"model_digest": "sha256:clip", "level": "object"},
    )
    found = find_blind_spots(detected, embeddings=embedded)
    place = next(one for one in found.confirmed if one.candidate.spec.cluster is not None)
    assert place.candidate.spec.level == "object"
    assert place.tried.rate > 0.9
    report = measure(
        detected,
        None,
        {"spot": place.candidate.spec},
        MeasureOptions(replicates=0, metrics=("recall",)),
        [embedded],
    )
    assert report.find("spot", "recall").candidate.value < 0.1


def test_a_segmenters_images_of_low_overlap_are_grouped():
    random = np.random.default_rng(0)
    n = 800
    blur = random.random(n)
    rows = []
    for number in range(n):
        wrong = int(60 if blur[number] > 0.75 and random.random() < 0.8 else random.integers(0, 10))
        for label, prediction, pixels in (
            ("sky", "sky", 100 - wrong),
            ("sky", "road", wrong),
            ("road", "road", 100),
        ):
            own = 0 if label == prediction else None
            rows.append(
                {
                    "image": f"i{number}",
                    "label": label,
                    "prediction": prediction,
                    "pixels": pixels,
                    "boundary_truth": own,
                    "boundary_prediction": own,
                    "boundary_both": own,
                }
            )
    samples = pa.table(
        {"id": [f"i{one}" for one in range(n)], "annotated": [True] * n, "blur": pa.array(blur)}
    )
    header = EvaluationHeader("segmentation", ("sky", "road"), "m", "sha256:m", "d", "sha256:d", n)
    table = EvaluationTable(header, samples, pixels=pa.Table.from_pylist(rows, PIXEL_SCHEMA))
    found = find_blind_spots(table)
    assert found.confirmed[0].title.startswith("blur ≥ 0.7")
    assert found.confirmed[0].cell[:2] == ("sky", "road")
    assert found.failures.bound is not None

"""COCO's twelve numbers are pycocotools', on real and on generated data, on slices and under weights."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as run_lengths

from seatrial.metrics import DetectionSamples, compute

TWELVE = (
    *("map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
WITHIN = 1e-9
#: The sides of the generated images, and a class in which nothing is.
SIDE, ABSENT = 320, "absent"


def measured(samples, index=None, weights=None, *, class_=None):
    chosen = np.arange(len(samples)) if index is None else np.asarray(index)
    given_weights = np.ones((1, len(chosen))) if weights is None else np.asarray(weights, float)[None, :]
    found = compute(samples, chosen, given_weights, TWELVE, per_class=class_ is not None)
    return {name: float(found[name, class_].values[0]) for name in TWELVE}


def same(ours, theirs):
    for name, value in theirs.items():
        expected = np.nan if value == -1 else value
        assert ours[name] == pytest.approx(expected, abs=WITHIN, nan_ok=True), name


@pytest.mark.shared_data
@pytest.mark.parametrize(("kind", "geometry", "first"), [("bbox", "box", 0.505), ("segm", "mask", 0.320)])
def test_real_boxes_and_masks_give_the_published_numbers(
    shared_data, pycocotools, from_coco, kind, geometry, first
):
    folder = shared_data / "coco_eval_fixtures"
    dataset = json.loads((folder / "instances_val2014_100.json").read_text())
    results = json.loads((folder / f"instances_val2014_fake{kind}100_results.json").read_text())
    theirs = pycocotools(copy.deepcopy(dataset), copy.deepcopy(results), kind)
    samples, kept = DetectionSamples.from_evaluation(from_coco(dataset, results), geometry=geometry)
    assert len(kept) == len(samples) == 100
    ours = measured(samples)
    same(ours, theirs)
    assert ours["map_50_95"] == pytest.approx(first, abs=5e-4)


def generated(seed, *, images=4, classes=3, crowded=False):
    """Draw truths and predictions: crowds, empty images, duplicates, ties of scores, an absent class."""
    rng = np.random.default_rng(seed)
    kinds = [{"id": code + 1, "name": f"kind {code}"} for code in range(classes)]
    dataset = {
        "images": [{"id": 10 + number, "height": SIDE, "width": SIDE} for number in range(images)],
        "categories": [*kinds, {"id": classes + 1, "name": ABSENT}],
        "annotations": [],
    }
    results = []
    for image in dataset["images"]:
        for _ in range(rng.integers(0, 6)):
            add_truth(dataset, image["id"], rng.integers(1, classes + 1), some_box(rng), rng.random() < 0.2)
        true = [one for one in dataset["annotations"] if one["image_id"] == image["id"]]
        for one in true:
            for _ in range(rng.integers(0, 4)):
                shift = rng.choice([0, 1, 5, 20]) * rng.normal(size=4)
                category = one["category_id"] if rng.random() < 0.8 else rng.integers(1, classes + 2)
                add_prediction(results, image["id"], category, np.array(one["bbox"]) + shift, rng)
        for _ in range(rng.integers(0, 4)):
            add_prediction(results, image["id"], rng.integers(1, classes + 2), some_box(rng), rng)
        for _ in range(120 * crowded):
            add_prediction(results, image["id"], 1, some_box(rng), rng)
    return dataset, results


def some_box(rng):
    size = rng.choice([12, 50, 150]) * rng.uniform(0.5, 1.5, 2)
    corner = rng.uniform(0, SIDE - size)
    return np.concatenate([corner, size])


def add_truth(dataset, image, category, box, crowd):
    one = {"id": 1 + len(dataset["annotations"]), "image_id": image, "category_id": int(category)}
    rounded = [float(value) for value in np.round(box)]
    area = rounded[2] * rounded[3]
    dataset["annotations"].append(one | {"bbox": rounded, "area": area, "iscrowd": int(crowd)})


def add_prediction(results, image, category, box, rng):
    x, y, width, height = np.round(np.maximum(box, [0, 0, 1, 1]))
    score = round(float(rng.beta(2, 2)), 2)
    one = {"image_id": image, "category_id": int(category), "bbox": [x, y, width, height], "score": score}
    results.append(one)


def with_masks(dataset, results):
    """Give every object the ellipse in its box as its mask, as what loads it expects."""
    for one in [*dataset["annotations"], *results]:
        one["segmentation"] = ellipse(one["bbox"])
    for one in dataset["annotations"]:
        one["area"] = float(run_lengths.area(one["segmentation"]))
    return dataset, [{key: value for key, value in one.items() if key != "bbox"} for one in results]


def ellipse(box):
    x, y, width, height = box
    down, across = np.mgrid[:SIDE, :SIDE] + 0.5
    inside = ((across - x - width / 2) / (width / 2)) ** 2 + (
        (down - y - height / 2) / (height / 2)
    ) ** 2 <= 1
    return run_lengths.encode(np.asfortranarray(inside.astype(np.uint8)))


def both(pycocotools, from_coco, dataset, results, kind="bbox", **only):
    theirs = pycocotools(copy.deepcopy(dataset), copy.deepcopy(results), kind, **only)
    geometry = "mask" if kind == "segm" else "box"
    samples, _ = DetectionSamples.from_evaluation(from_coco(dataset, results), geometry=geometry)
    return samples, theirs


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), images=st.integers(1, 5), classes=st.integers(1, 4))
def test_generated_boxes_give_the_same_twelve_numbers(pycocotools, from_coco, seed, images, classes):
    dataset, results = generated(seed, images=images, classes=classes)
    samples, theirs = both(pycocotools, from_coco, dataset, results)
    same(measured(samples), theirs)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_generated_masks_give_the_same_twelve_numbers(pycocotools, from_coco, seed):
    dataset, results = with_masks(*generated(seed))
    samples, theirs = both(pycocotools, from_coco, dataset, results, "segm")
    same(measured(samples), theirs)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_best_100_of_more_predictions_count(pycocotools, from_coco, seed):
    dataset, results = generated(seed, crowded=True)
    samples, theirs = both(pycocotools, from_coco, dataset, results)
    same(measured(samples), theirs)
    assert samples.saturated(np.arange(len(samples))) == len(samples)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), data=st.data())
def test_a_slice_of_images_is_the_same_images_evaluated_alone(pycocotools, from_coco, seed, data):
    dataset, results = generated(seed, images=6)
    chosen = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True))
    ids = [dataset["images"][number]["id"] for number in chosen]
    samples, theirs = both(pycocotools, from_coco, dataset, results, image_ids=ids)
    same(measured(samples, chosen), theirs)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_each_class_is_the_class_evaluated_alone(pycocotools, from_coco, seed):
    dataset, results = generated(seed)
    for category in dataset["categories"]:
        samples, theirs = both(pycocotools, from_coco, dataset, results, class_ids=[category["id"]])
        same(measured(samples, class_=category["name"]), theirs)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), data=st.data())
def test_a_weight_of_k_is_k_copies_of_the_image(pycocotools, from_coco, seed, data):
    dataset, results = generated(seed)
    spread(results)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=4, max_size=4))
    copies = duplicated(dataset, results, weights)
    samples, _ = DetectionSamples.from_evaluation(from_coco(dataset, results))
    same(measured(samples, weights=weights), pycocotools(*copies))


def spread(results):
    """Make all scores differ: copies of an image interleave what ties, a weight does not."""
    for place, one in enumerate(results):
        one["score"] = (one["score"] + place / 1e6) / 1.01


def duplicated(dataset, results, weights):
    copies = {"images": [], "categories": dataset["categories"], "annotations": []}
    predictions = []
    for image, times in zip(dataset["images"], weights, strict=True):
        for _ in range(times):
            new = 100 + len(copies["images"])
            copies["images"].append(image | {"id": new})
            for one in dataset["annotations"]:
                if one["image_id"] == image["id"]:
                    identity = {"id": 1 + len(copies["annotations"]), "image_id": new}
                    copies["annotations"].append(one | identity)
            predictions += [one | {"image_id": new} for one in results if one["image_id"] == image["id"]]
    return copies, predictions


def test_nothing_predicted_is_zero_and_nothing_there_has_no_value(pycocotools, from_coco):
    dataset, _ = generated(3)
    samples, theirs = both(pycocotools, from_coco, dataset, [])
    same(measured(samples), theirs)
    assert theirs["map_50_95"] == 0
    nothing = {**dataset, "annotations": []}
    samples, _ = DetectionSamples.from_evaluation(from_coco(nothing, []))
    assert np.isnan(list(measured(samples).values())).all()


@pytest.mark.shared_data
def test_voc100_gives_the_numbers_that_its_authors_assert(shared_data, from_coco):
    folder = shared_data / "voc100_formats" / "test_coco_eval"
    dataset = json.loads((folder / "gts" / "sampled_gts_bbox_area.json").read_text())
    results = json.loads((folder / "dets" / "sampled_bbox_results.json").read_text())["annotations"]
    asserted = (
        *(0.503647, 0.696973, 0.571667, 0.593252, 0.557991, 0.489363),
        *(0.386813, 0.593680, 0.595353, 0.654764, 0.603130, 0.553744),
    )
    samples, _ = DetectionSamples.from_evaluation(from_coco(dataset, results))
    ours = measured(samples)
    for name, value in zip(TWELVE, asserted, strict=True):
        assert ours[name] == pytest.approx(value, abs=5e-7), name

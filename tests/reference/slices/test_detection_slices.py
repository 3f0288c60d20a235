"""Slices of a detection: those of images are pycocotools' on the same images, those of objects are honest."""

import contextlib
import io
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from seatrial.slices import MeasureOptions, SliceSpec
from seatrial.slices.measure import measure
from seatrial.statistics import Estimate, NotComputable

CLASSES = ("car", "bus", "bicycle")
TWELVE = (
    *("map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)
POINTS = MeasureOptions(replicates=0, metrics=(*TWELVE, "precision", "recall", "f1", "fp_per_image"))
WITHIN = 1e-9
OF_OBJECTS = {
    "size": {"by": ["size"]},
    "class": {"by": ["class"]},
    "shape": {"by": {"aspect": {"bins": "quantile", "n": 3}}},
    "left": {"where": "center_x < 0.4"},
    "crowded": {"by": {"crowding": {"edges": [1, 2]}}},
    "border": {"by": ["touches_border"]},
    "share": {"by": {"relative_area": {"bins": "fixed", "n": 2}}},
    "light_size": {"by": ["light", "size"]},
}
OF_ANNOTATIONS = {
    "occluded": {"by": ["occluded"]},
    "hidden": {"where": "occluded == true and area > 500"},
}


def specs(level, **of):
    return {name: SliceSpec.model_validate({"level": level, **fields}) for name, fields in of.items()}


def truths_of(seed, images):
    """Draw objects of three sizes and unequal classes; some are crowds, of some nobody said if occluded."""
    rng = np.random.default_rng(seed)
    truths = []
    for image in images:
        for _ in range(rng.integers(0, 7)):
            size = rng.choice([14, 50, 130]) * rng.uniform(0.6, 1.4, 2)
            corner = rng.uniform(0, [320, 240] - size)
            box = np.maximum(np.round([*corner, *size]), [0, 0, 1, 1]).tolist()
            kind = CLASSES[rng.choice(3, p=[0.6, 0.35, 0.05])]
            occluded = [True, False, None][rng.integers(3)]
            truths.append({"image": image, "class": kind, "box": box, "occluded": occluded})
            truths[-1]["crowd"] = bool(rng.random() < 0.1)
    return truths


def detections_of(seed, truths, images):
    """Find most objects more or less well, some twice, some as another class; make some up."""
    rng = np.random.default_rng(seed)
    found = []
    for one in truths:
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            box = np.array(one["box"]) + rng.choice([0, 2, 10]) * rng.normal(size=4)
            kind = one["class"] if rng.random() < 0.85 else CLASSES[rng.integers(3)]
            found.append(
                {"image": one["image"], "class": kind, "box": np.maximum(box, [0, 0, 2, 2]).tolist()}
            )
    for image in images:
        for _ in range(rng.integers(0, 3)):
            box = np.round([*rng.uniform(0, 150, 2), *rng.uniform(8, 90, 2)]).tolist()
            found.append({"image": image, "class": CLASSES[rng.integers(3)], "box": box})
    return [one | {"score": round(float(rng.random()), 2)} for one in found]


@pytest.fixture
def scene(detection_table):
    """Builds an evaluation of drawn truths; what is detected is asked of a function of them."""

    def build(seed, detect, n=24):
        images = [f"i{number}" for number in range(n)]
        truths = truths_of(seed, images)
        return detection_table(
            images,
            CLASSES,
            truths,
            detect(truths, images),
            width=pa.array([320.0] * n),
            height=pa.array([240.0] * n),
            site=[f"s{number % 5}" for number in range(n)],
            light=["day" if number % 3 else "night" for number in range(n)],
        )

    return build


def by_pycocotools(table, images, class_=None):
    """Run pycocotools on some images of an evaluation; a number that it does not have is −1."""
    rows = [row for row in table.objects.to_pylist() if row["image"] in images]
    number = {image: place + 1 for place, image in enumerate(images)}
    common = [
        {
            "id": place + 1,
            "image_id": number[row["image"]],
            "category_id": 1 + CLASSES.index(row["class"]),
            "bbox": [row["x"], row["y"], row["width"], row["height"]],
            "area": row["area"],
            "iscrowd": int(row["crowd"]),
            "score": row["score"],
        }
        for place, row in enumerate(rows)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        both = []
        for role in ("truth", "prediction"):
            coco = COCO()
            coco.dataset = {
                "images": [{"id": one} for one in number.values()],
                "categories": [{"id": 1 + code} for code in range(len(CLASSES))],
                "annotations": [one for one, row in zip(common, rows, strict=True) if row["role"] == role],
            }
            coco.createIndex()
            both.append(coco)
        evaluation = COCOeval(*both, "bbox")
        if class_ is not None:
            evaluation.params.catIds = [1 + CLASSES.index(class_)]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(TWELVE, np.asarray(evaluation.stats).tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_slices_of_images_are_pycocotools_on_the_same_images(scene, seed):
    table = scene(seed, lambda truths, images: detections_of(seed + 100, truths, images))
    report = measure(
        table, None, specs("image", site={"by": ["site"]}, night={"where": "light == 'night'"}), POINTS
    )
    names = {row.slice for row in report.rows}
    assert len(names) == 7
    sites, lights = (table.samples.column(name).to_pylist() for name in ("site", "light"))
    for name in names:
        images = [
            f"i{number}"
            for number, (site, light) in enumerate(zip(sites, lights, strict=True))
            if name in {"all", f"site={site}", light}
        ]
        for class_ in (None, *CLASSES):
            for metric, expected in by_pycocotools(table, images, class_).items():
                measured = report.find(name, metric, class_).candidate
                if expected == -1:
                    assert isinstance(measured, NotComputable), (name, metric, class_)
                else:
                    assert measured.value == pytest.approx(expected, abs=WITHIN), (name, metric, class_)


@pytest.mark.parametrize("seed", range(3))
def test_slices_of_objects_by_size_are_pycocotools_areas(scene, seed):
    table = scene(seed, lambda truths, images: detections_of(seed + 100, truths, images))
    report = measure(table, None, specs("object", size={"by": ["size"]}), POINTS)
    for size in ("small", "medium", "large"):
        for whole, of_size in (("map_50_95", f"map_{size}"), ("ar_100", f"ar_{size}")):
            for class_ in (None, *CLASSES):
                expected = report.find("all", of_size, class_).candidate
                measured = report.find(f"size={size}", whole, class_).candidate
                assert isinstance(measured, Estimate) == isinstance(expected, Estimate)
                if isinstance(expected, Estimate):
                    assert measured.value == pytest.approx(expected.value, abs=WITHIN)


def perfect(truths, images):
    rng = np.random.default_rng(5)
    kept = ("image", "class", "box")
    return [
        {key: one[key] for key in kept} | {"score": float(rng.uniform(0.5, 0.8))}
        for one in truths
        if not one["crowd"]
    ]


def with_duplicates(truths, images):
    """Find each object twice, the one half of them before the other."""
    found = perfect(truths, images)
    return [
        one | {"score": score - 0.3 * (number % 2)}
        for number, one in enumerate(found)
        for score in (0.95, 0.9)
    ]


def with_false_positives(truths, images):
    """Beside each object stands a prediction of its size and class that overlaps it too little."""
    found = perfect(truths, images)
    wrong = []
    for one in found:
        x, y, width, height = one["box"]
        aside = x - 0.55 * width if x > 0.55 * width else x + 0.55 * width
        wrong.append(one | {"box": [aside, y, width, height], "score": 0.9})
    return [*found, *wrong]


def rows_of(report, metric):
    """Give the rows of a metric on slices of objects, of classes that are there."""
    return [
        row
        for row in report.rows
        if row.metric == metric
        and row.level == "object"
        and not (isinstance(row.candidate, NotComputable) and "of class" in row.candidate.reason)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_perfect_detector_is_perfect_on_every_slice_of_objects(scene, seed):
    report = measure(scene(seed, perfect), None, specs("object", **OF_OBJECTS, **OF_ANNOTATIONS), POINTS)
    families = {row.family for row in report.rows if row.level == "object"}
    assert families == {*OF_OBJECTS, *OF_ANNOTATIONS}
    judged = 0
    for row in report.rows:
        if (
            row.level != "object"
            or not isinstance(row.candidate, Estimate)
            or row.metric in {"ar_1", "ar_10"}
        ):
            continue
        expected = 0 if row.metric == "fp_per_image" else 1
        assert row.candidate.value == pytest.approx(expected, abs=WITHIN), (row.slice, row.metric)
        judged += 1
    assert judged > 200
    for metric in ("recall", "ar_100"):
        assert all(isinstance(row.candidate, Estimate) for row in rows_of(report, metric))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("flawed", [with_duplicates, with_false_positives])
def test_duplicates_and_false_positives_lower_what_is_made_of_them_and_nothing_else(scene, seed, flawed):
    report = measure(scene(seed, flawed), None, specs("object", **OF_OBJECTS, **OF_ANNOTATIONS), POINTS)
    for metric in ("map_50_95", "map_50", "precision", "f1", "fp_per_image"):
        for row in rows_of(report, metric):
            if row.family in OF_ANNOTATIONS:
                assert "a false positive has no annotation" in row.candidate.reason
    for row in rows_of(report, "recall"):
        assert row.candidate.value == 1, row.slice
    overall = [
        row for row in report.rows if row.class_ is None and row.family in {"size", "class", "light_size"}
    ]
    assert len(overall) > 8 * len(POINTS.metrics)
    for row in overall:  # a false positive is of its object's size and class
        value = row.candidate.value if isinstance(row.candidate, Estimate) else None
        if row.metric in {"precision", "f1"} or (row.metric == "map_50" and row.n > 8):
            assert value < 1 - WITHIN, row.slice
        if row.metric == "fp_per_image":
            assert value > 0, row.slice


def test_a_class_that_a_slice_lacks_hides_its_false_positives_but_not_from_their_count(scene):
    def detect(truths, images):
        dark = [image for number, image in enumerate(images) if number % 3 == 0]
        made_up = [{"image": one, "class": "bicycle", "box": [0, 0, 30, 30], "score": 0.9} for one in dark]
        return [*perfect(truths, images), *made_up]

    table = scene(1, detect)
    objects = table.objects.to_pylist()
    images = [f"i{number}" for number in range(0, 24, 3)]
    kept = [
        not (row["role"] == "truth" and row["image"] in images and row["class"] == "bicycle")
        for row in objects
    ]
    kept = [
        one
        and not (
            row["role"] == "prediction"
            and row["image"] in images
            and row["score"] < 0.9
            and row["class"] == "bicycle"
        )
        for one, row in zip(kept, objects, strict=True)
    ]
    report = measure(
        replace(table, objects=table.objects.filter(pa.array(kept))),
        None,
        specs("image", night={"where": "light == 'night'"}),
        POINTS,
    )
    assert report.find("night", "map_50").candidate.value == 1
    assert report.find("night", "fp_per_image").candidate.value == 1
    assert {"slice": "night", "classes": ["bicycle"]} in report.details["absent_classes"]
    (matched,) = [
        one for one in report.details["class_matched"] if (one["slice"], one["metric"]) == ("night", "map_50")
    ]
    of_class = [report.find("all", "map_50", name).candidate.value for name in ("car", "bus")]
    assert (matched["classes"], matched["of"]) == (2, 3)
    assert matched["value"] == pytest.approx(np.mean(of_class))
    assert matched["value"] > report.find("all", "map_50").candidate.value

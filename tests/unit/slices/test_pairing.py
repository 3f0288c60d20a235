import re
from dataclasses import replace
from operator import itemgetter

import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices.pairing import pair


def test_a_champion_in_another_order_of_rows_and_classes_is_brought_into_the_candidates(evaluation):
    candidate = evaluation(20, seed=1)
    champion = evaluation(20, seed=2, classes=("owl", "cat", "dog"))
    order = list(reversed(range(20)))
    shuffled = type(champion)(champion.header, champion.samples.take(pa.array(order)), champion.scores[order])
    paired = pair(candidate, shuffled).baseline
    assert paired.samples.equals(champion.samples)
    assert paired.header.classes == ("cat", "dog", "owl")
    assert paired.scores.tolist() == champion.scores[:, [1, 2, 0]].tolist()


def test_another_set_of_classes_is_an_error(evaluation):
    champion = evaluation(classes=("cat", "dog", "owl", "yak"))
    with pytest.raises(InputError, match=r"the same classes \(in any order\): only the champion knows 'yak'"):
        pair(evaluation(), champion)


def test_an_id_that_occurs_twice_is_an_error(evaluation):
    champion = evaluation(5)
    twice = type(champion)(champion.header, pa.concat_tables([champion.samples, champion.samples]))
    with pytest.raises(InputError, match="the champion's evaluation has ids more than once: 'i0', 'i1'"):
        pair(evaluation(5), twice)


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        (
            {},
            {"dataset_digest": "sha256:farm"},
            r"the data sets differ: candidate on 'zoo' \(sha256:zoo\), champion",
        ),
        ({"failed": ["i3"]}, {}, "1 images could not be read for the candidate alone: 'i3'"),
        ({}, {"failed": ["i3", "i4"]}, "2 images could not be read for the champion alone: 'i3', 'i4'"),
        ({"n": 61}, {}, "1 images are missing in the evaluation of the champion alone: 'i60'"),
        ({"labels": ["cat"] * 60}, {"labels": ["dog"] + ["cat"] * 59}, '1 samples have another label: "i0: '),
        ({"groups": ["a"] * 60}, {}, "60 samples have another group"),
    ],
)
def test_samples_that_differ_are_never_intersected(evaluation, ours, theirs, problem):
    pairing = pair(evaluation(**ours), evaluation(**theirs))
    assert pairing.baseline is None
    assert re.search(problem, "; ".join(pairing.problems))


def test_an_image_that_failed_for_both_is_no_difference(evaluation):
    pairing = pair(evaluation(failed=["i3"]), evaluation(seed=2, failed=["i3"]))
    assert pairing.problems == ()
    assert len(pairing.baseline) == 59


def reversed_images(table):
    """The same evaluation with its images and their objects in the reverse order."""
    rows = list(reversed(range(len(table))))
    parts = {
        name: getattr(table, name).take(list(reversed(range(getattr(table, name).num_rows))))
        for name in ("objects", "pixels")
        if getattr(table, name) is not None
    }
    return replace(table, samples=table.samples.take(rows), **parts)


def test_a_detectors_predictions_stand_beside_the_candidates_truths_in_its_order(detections):
    candidate, champion = detections(seed=1), detections(seed=2)
    paired = pair(candidate, reversed_images(champion)).baseline
    assert paired.samples.equals(champion.samples)
    (ours, theirs, before) = (
        [row for row in table.objects.to_pylist() if row["role"] == role]
        for table, role in ((candidate, "truth"), (paired, "truth"), (champion, "prediction"))
    )
    assert theirs == ours
    found = [row for row in paired.objects.to_pylist() if row["role"] == "prediction"]
    key = itemgetter("image", "score")
    assert sorted(found, key=key) == sorted(before, key=key)
    places = [int(row["image"][1:]) for row in paired.objects.to_pylist()]
    assert places == sorted(places)


def test_a_segmenters_pixels_come_into_the_candidates_order(segmentations):
    candidate, champion = segmentations(seed=1), segmentations(seed=2)
    paired = pair(candidate, reversed_images(champion)).baseline
    assert paired.pixels.column("image").equals(champion.pixels.column("image"))


def altered(objects, row, **fields):
    rows = objects.to_pylist()
    return pa.Table.from_pylist([*rows[:row], rows[row] | fields, *rows[row + 1 :]], objects.schema)


@pytest.mark.parametrize(
    "fields", [{"class": "bus"}, {"x": 3.25}, {"crowd": True}, {"mask": b"11"}, {"hidden": None}]
)
def test_another_true_object_is_another_sample(detections, fields):
    champion = detections(seed=2)
    rows = champion.objects.to_pylist()
    row = next(number for number, one in enumerate(rows) if (one["role"], one["class"]) == ("truth", "car"))
    other = replace(champion, objects=altered(champion.objects, row, **fields))
    paired = pair(detections(seed=1), other)
    assert paired.baseline is None
    assert paired.problems == (f"1 samples have other true objects: {rows[row]['image']!r}",)


def test_a_true_object_more_is_another_sample(detections):
    champion = detections(seed=2)
    twice = pa.concat_tables([champion.objects.slice(0, 1), champion.objects])
    image = champion.objects["image"][0].as_py()
    problems = pair(detections(seed=1), replace(champion, objects=twice)).problems
    assert problems == (f"1 samples have other true objects: {image!r}",)


def test_an_image_that_was_annotated_for_one_of_the_two_alone_is_another_sample(detections):
    champion = detections(seed=2)
    annotated = pa.array([False] + [True] * 23)
    samples = champion.samples.set_column(1, "annotated", annotated)
    problems = pair(detections(seed=1), replace(champion, samples=samples)).problems
    assert problems == ("1 samples have another annotated: 'i0: True and False'",)


def test_another_true_mask_is_another_sample(segmentations):
    champion = segmentations(seed=2)
    pixels = altered(champion.pixels, 0, pixels=champion.pixels["pixels"][0].as_py() + 1)
    problems = pair(segmentations(seed=1), replace(champion, pixels=pixels)).problems
    assert problems == ("1 samples have other true masks: 'i0'",)


def test_objects_of_images_that_are_not_there_are_an_error(detections):
    champion = detections(seed=2)
    with pytest.raises(InputError, match="results of images that it does not name: 'i99'"):
        pair(detections(), replace(champion, objects=altered(champion.objects, 0, image="i99")))

"""Attributes of objects, and which objects a slice of them holds."""

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices import SliceSpec
from seatrial.slices.crowding import count_overlaps
from seatrial.slices.objects import Objects, object_columns


@pytest.fixture
def street(detection_table):
    """Two images of 200 × 100 pixels: four cars that count, a crowd, one that is ignored, two predictions."""
    truths = [
        {"image": "a", "class": "car", "box": (0, 10, 40, 20), "parked": True},
        {"image": "a", "class": "car", "box": (30, 20, 60, 40), "parked": False},
        {"image": "a", "class": "car", "box": (100, 10, 20, 20), "crowd": True, "parked": True},
        {"image": "b", "class": "car", "box": (50, 20, 100, 100), "parked": None},
        {"image": "b", "class": "bus", "box": (10, 5, 20, 20), "ignore": True, "parked": True},
        {"image": "c", "class": "bus", "box": (10, 5, 20, 20), "parked": True},
    ]
    predictions = [
        {"image": "a", "class": "car", "box": (31, 21, 60, 40), "score": 0.9},
        {"image": "b", "class": "bus", "box": (180, 90, 20, 10), "score": 0.4},
    ]
    return detection_table(
        ["a", "b", "c"],
        ["car", "bus"],
        truths,
        predictions,
        annotated=[True, True, False],
        width=pa.array([200.0, 200.0, None]),
        height=pa.array([100.0, 100.0, None]),
        light=["day", "night", "day"],
        area=pa.array([20000.0, 20000.0, None]),
    )


@pytest.fixture
def objects(street):
    return Objects.of(street.samples, street.objects)


def column(objects, name):
    return objects.table.column(name).to_pylist()


def chosen(objects, **spec):
    """Give the rows of truths, and those of all objects, of each slice of a specification."""
    fitted = objects.fit({"it": SliceSpec(level="object", **spec)})
    everything = objects.with_predictions(fitted)
    return {
        one.name: (one.index.tolist(), np.flatnonzero(everything[one.name]).tolist())
        for one in objects.members(fitted)
    }


def test_attributes_are_made_of_the_box_and_of_the_size_of_the_image(objects):
    # rows: three truths and a prediction of a, two truths and a prediction of b, a truth of c
    assert column(objects, "size") == [
        "small",
        "medium",
        "small",
        "medium",
        "large",
        "small",
        "small",
        "small",
    ]
    assert column(objects, "aspect") == pytest.approx([2, 1.5, 1, 1.5, 1, 1, 2, 1])
    assert column(objects, "relative_area")[:2] == pytest.approx([0.04, 0.12])
    assert column(objects, "center_x")[:2] == pytest.approx([0.1, 0.3])
    assert column(objects, "center_y")[:2] == pytest.approx([0.2, 0.4])
    assert column(objects, "touches_border") == [True, False, False, False, True, False, True, None]
    assert column(objects, "relative_area")[-1] is None


def test_crowding_counts_the_other_true_objects_that_overlap(objects):
    # a prediction on the second car overlaps that one, which is its own, and the first
    assert column(objects, "crowding") == [1, 1, 0, 1, 0, 0, 0, 0]


def test_what_only_an_annotation_says_is_missing_in_predictions(objects):
    predicted = objects.predicted.tolist()
    for name in ("parked", "crowd", "ignore", "annotation"):
        assert {value for value, one in zip(column(objects, name), predicted, strict=True) if one} == {None}


def test_attributes_of_the_image_are_those_of_its_objects(objects):
    assert column(objects, "light") == ["day"] * 4 + ["night"] * 3 + ["day"]
    assert column(objects, "image_width")[0] == 200
    assert column(objects, "image_area")[0] == 20000
    assert column(objects, "width")[0] == 40


def test_truths_count_that_are_annotated_and_neither_crowds_nor_ignored(objects):
    assert np.flatnonzero(objects.counted).tolist() == [0, 1, 4]


def test_a_slice_holds_predictions_by_their_own_box_and_by_their_image(objects):
    assert chosen(objects, where="size == 'medium'") == {"it": ([1], [1, 3])}
    assert chosen(objects, where="light == 'night'") == {"it": ([4], [4, 5, 6])}
    assert chosen(objects, by={"class": None}) == {"class=car": ([0, 1, 4], [0, 1, 2, 3, 4])}


def test_a_slice_by_annotations_holds_no_predictions(objects):
    assert chosen(objects, by={"parked": None}) == {
        "parked=false": ([1], [1]),
        "parked=true": ([0], [0, 2, 5, 7]),
        "parked=∅": ([4], [4]),
    }
    assert chosen(objects, where="parked is null") == {"it": ([4], [4])}


def test_bins_are_fitted_to_the_truths_that_count(objects):
    fitted = objects.fit({"it": SliceSpec(level="object", by={"area": {"bins": "quantile", "n": 3}})})
    assert fitted["it"].by["area"].edges == (2400, 10000)


def test_values_that_only_predictions_have_make_no_slice(objects):
    assert list(chosen(objects, by={"x": None})) == ["x=0", "x=30", "x=50"]


def test_a_predicate_that_chooses_nothing_is_an_empty_slice(objects):
    assert chosen(objects, where="area > 1e9") == {"it": ([], [])}


def test_unknown_attributes_are_named(objects):
    with pytest.raises(InputError, match=r"unknown column 'are' \(did you mean 'area'\?\)"):
        objects.fit({"it": SliceSpec(level="object", by={"are": {"bins": "fixed", "n": 2}})})
    for name in ("score", "role", "mask"):
        with pytest.raises(InputError, match=f"unknown column '{name}'"):
            chosen(objects, where=f"{name} is null")


def test_columns_are_known_without_any_object(street):
    schema = object_columns(street.samples.schema, street.objects.schema)
    assert schema.names == Objects.of(street.samples, street.objects).table.column_names
    assert {"size", "crowding", "touches_border", "parked", "light", "image_area"} <= set(schema.names)


def test_without_the_size_of_images_there_are_no_relative_attributes(street):
    names = Objects.of(street.samples.drop_columns(["width"]), street.objects).table.column_names
    assert "aspect" in names
    assert not {"relative_area", "center_x", "center_y", "touches_border"} & set(names)


def test_objects_of_images_that_are_not_there_are_an_error(street):
    with pytest.raises(InputError, match="objects of images that it does not name: 'b'"):
        Objects.of(street.samples.take([0, 2]), street.objects)


def test_overlaps_are_counted_as_by_comparing_each_with_each(monkeypatch):
    rng = np.random.default_rng(3)
    images, others = np.sort(rng.integers(0, 9, 60)), np.sort(rng.integers(0, 9, 80))
    boxes, theirs = (np.concatenate([rng.random((n, 2)), rng.random((n, 2)) / 3], axis=1) for n in (60, 80))
    expected = []
    for image, (x, y, width, height) in zip(images, boxes, strict=True):
        of_image = theirs[others == image]
        across = np.minimum(x + width, of_image[:, 0] + of_image[:, 2]) > np.maximum(x, of_image[:, 0])
        down = np.minimum(y + height, of_image[:, 1] + of_image[:, 3]) > np.maximum(y, of_image[:, 1])
        expected.append(int((across & down).sum()))
    assert sum(expected) > 0
    assert count_overlaps(images, boxes, others, theirs).tolist() == expected
    monkeypatch.setattr("seatrial.slices.crowding._PAIRS", 5)
    assert count_overlaps(images, boxes, others, theirs).tolist() == expected

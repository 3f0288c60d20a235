"""A suite is proposed from data that are as they should be, and says what is wrong with others."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.quality import CheckInput, CheckOptions, measure, propose_suite, read_suite, write_suite
from seatrial.quality.expectations import expectations
from seatrial.quality.id_forms import id_form
from seatrial.quality.quiet import quiet


def table(n=40, classes=("cat", "dog"), **columns):
    """A data set without images: metadata alone."""
    ids = [f"site-{row % 3}/img_{row:04d}.png" for row in range(n)]
    fixed = {
        "id": pa.array(ids),
        "uri": pa.nulls(n, pa.string()),
        "label": pa.array([classes[row % len(classes)] for row in range(n)]),
        "group": pa.nulls(n, pa.string()),
        "content": pa.nulls(n, pa.string()),
        "power": pa.array(np.linspace(0, 1, n)),
        "site": pa.array([f"s{row % 3}" for row in range(n)]),
        "note": pa.array([None if row % 4 else "seen" for row in range(n)]),
        "serial": pa.array([f"x{row}" for row in range(n)]),
        "night": pa.array([row % 2 == 0 for row in range(n)]),
    }
    return DatasetManifest("table", "classification", classes, pa.table(fixed | columns))


def detection(boxes, **columns):
    """A detection without images, of boxes (image, class, width, height)."""
    images = sorted({image for image, *_ in boxes})
    rows = [
        {"image": image, "annotation": str(number), "class": name, "x": 0.0, "y": 0.0, "width": float(wide)}
        | {"height": float(high), "area": float(wide * high), "crowd": False, "ignore": False, "mask": None}
        for number, (image, name, wide, high) in enumerate(boxes)
    ]
    objects = pa.Table.from_pylist(rows, OBJECT_SCHEMA)
    for name, values in columns.items():
        objects = objects.append_column(name, pa.array(values))
    fixed = {
        "id": pa.array(images),
        "uri": pa.nulls(len(images), pa.string()),
        "annotated": pa.array([True] * len(images)),
        "group": pa.nulls(len(images), pa.string()),
        "content": pa.nulls(len(images), pa.string()),
    }
    return DatasetManifest("boxes", "detection", ("car", "sign"), pa.table(fixed), objects)


def kept_suite(manifest, **options):
    data = measure(manifest)
    return propose_suite(data, data, CheckOptions(**options), to_keep=True)


def broken(manifest, suite, tmp_path):
    """Give what a data set breaks, by expectation and column."""
    data = measure(manifest)
    found = expectations(CheckInput(data, None, CheckOptions(), tmp_path, suite)).findings
    return {
        (one.evidence["expectation"].removeprefix("expect_"), one.evidence["column"]): one for one in found
    }


@pytest.fixture(scope="module")
def suite():
    return kept_suite(table(), drift_max_values=20)


def test_the_reference_satisfies_what_is_proposed_from_it(suite, tmp_path):
    assert broken(table(), suite, tmp_path) == {}


def test_all_kinds_of_expectations_are_proposed(suite):
    kinds = {one["type"].removeprefix("expect_") for one in suite["expectations"]}
    assert kinds == {
        *("column_to_exist", "column_values_to_be_in_type_list", "column_values_to_not_be_null"),
        *("column_values_to_be_unique", "column_values_to_be_in_set", "column_values_to_be_between"),
        *("column_values_to_match_regex", "table_row_count_to_be_between"),
    }


def test_each_planted_violation_is_one_finding_with_column_count_and_examples(suite, tmp_path):
    n = 40
    odd = table(
        power=pa.array([7.5] + [0.5] * (n - 1)),
        site=pa.array(["s9", "s9"] + ["s1"] * (n - 2)),
        note=pa.nulls(n, pa.string()),
        serial=pa.array(["x0"] * n),
        id=pa.array(["!"] + [f"site-0/img_{row}.png" for row in range(1, n)]),
        night=pa.array(["yes"] * n),
    )
    found = broken(odd, suite, tmp_path)
    assert {key: one.score for key, one in found.items()} == {
        ("column_values_to_be_between", "power"): 1,
        ("column_values_to_be_in_set", "site"): 2,
        ("column_values_to_not_be_null", "note"): n,
        ("column_values_to_be_unique", "serial"): n,
        ("column_values_to_match_regex", "id"): 1,
        ("column_values_to_be_in_type_list", "night"): n,
        ("column_values_to_be_in_set", "night"): n,
    }
    site = found["column_values_to_be_in_set", "site"]
    assert site.sample_ids == ("!", "site-0/img_1.png")
    assert site.evidence["examples"] == ["s9", "s9"]
    assert site.message.endswith("is not met by 2 values, e.g. s9")


def test_a_column_that_is_gone_or_of_another_type_is_one_error_or_warning(suite, tmp_path):
    without = table().table.drop_columns(["power"])
    renamed = DatasetManifest("renamed", "classification", ("cat", "dog"), without)
    found = broken(renamed, suite, tmp_path)
    assert found["column_to_exist", "power"].severity == "error"
    text = broken(table(power=pa.array(["much"] * 40)), suite, tmp_path)
    assert text["column_values_to_be_in_type_list", "power"].score == 40


def test_too_few_rows_and_a_class_that_is_gone_are_told_with_the_class(suite, tmp_path):
    few = table(n=3, classes=("cat", "dog"), label=pa.array(["cat"] * 3))
    data = measure(few)
    found = expectations(CheckInput(data, None, CheckOptions(), tmp_path, suite)).findings
    counts = {one.message: one.evidence["observed"] for one in found if "row_count" in one.message}
    assert counts == {
        "table: expect_table_row_count_to_be_between(min_value=4, max_value=400) is not met, observed 3": 3,
        "table: expect_table_row_count_to_be_between(min_value=2, max_value=200, "
        "row_condition=`label` == 'dog') is not met, observed 0": 0,
    }


def test_a_suite_of_a_detection_is_about_its_objects_too(tmp_path):
    boxes = [(f"i{row % 5}", ("car", "sign")[row % 2], 10 + row, 20) for row in range(20)]
    suite = kept_suite(detection(boxes, occluded=[False] * 20))
    assert broken(detection(boxes, occluded=[False] * 20), suite, tmp_path) == {}
    boxes[3] = ("i3", "sign", 500, 0)
    found = broken(detection(boxes, occluded=[False] * 19 + [True]), suite, tmp_path)
    assert {key: one.score for key, one in found.items()} == {
        ("column_values_to_be_between", "width"): 1,
        ("column_values_to_be_between", "height"): 1,
        ("column_values_to_be_between", "area"): 1,
        ("column_values_to_be_in_set", "occluded"): 1,
    }
    wide = found["column_values_to_be_between", "width"]
    assert (wide.sample_ids, wide.evidence["annotations"]) == (("i3",), ["3"])
    assert wide.message.startswith("column 'width' of objects: ")
    assert (tmp_path / "great_expectations_objects.html").exists()


def test_images_with_more_objects_than_ever_before_are_named(tmp_path):
    suite = kept_suite(detection([(f"i{row % 5}", "car", 10, 20) for row in range(10)]))
    crowded = detection([("i0", "car", 10, 20)] * 7 + [("i1", "car", 10, 20)] * 2)
    assert broken(crowded, suite, tmp_path)["column_values_to_be_between", "truths"].sample_ids == ("i0",)


def test_a_suite_is_read_as_it_was_written_by_us_and_by_great_expectations(suite, tmp_path):
    path = tmp_path / "proposed.json"
    write_suite(suite, path)
    assert read_suite(path) == suite
    with quiet():
        from great_expectations import ExpectationSuite

        theirs = ExpectationSuite(**json.loads(path.read_text()))
        written = theirs.to_json_dict()["expectations"]
    assert [one["type"] for one in written] == [one["type"] for one in suite["expectations"]]
    assert [one["severity"] for one in written] == [one["severity"] for one in suite["expectations"]]


def test_class_names_that_look_like_code_are_counted_by_name(tmp_path):
    names = ("it's", '"); drop', "a & b", "größe`")
    suite = kept_suite(table(classes=names))
    assert broken(table(classes=names), suite, tmp_path) == {}


@pytest.mark.parametrize(
    ("ids", "form"),
    [
        (["cat/001.png", "dog/17.jpg"], r"^[^\W\d_]+/\d+\.[^\W\d_]+$"),
        (["a_1", "b-2"], r"^(?:[^\W\d_]+\-\d+|[^\W\d_]+_\d+)$"),
        (["0f3a99", "ab12cd", "1", "a1b", "1a2b3", "c", "3d2x", "1x"], r"^[^\W_]+$"),
        (["a", "b.c", "d-e", "f g", "h+i", "j=k"], None),
        ([], None),
    ],
)
def test_ids_are_described_by_runs_of_digits_and_letters(ids, form):
    assert id_form(ids) == form


@for_all(st.lists(st.text(min_size=1), min_size=1, max_size=6))
def test_each_id_matches_the_form_of_its_ids(ids):
    form = id_form(ids)
    assert form is None or all(re.fullmatch(form[1:-1], one, re.DOTALL) for one in ids)

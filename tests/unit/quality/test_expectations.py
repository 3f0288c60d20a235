"""Great Expectations over the manifest and the image properties."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.quality import CheckOptions, check_columns, check_suite, measure, propose_suite, read_suite
from seatrial.quality.expectations import expectations


def noise(seed=0, height=12, width=16):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def expect(kind, **kwargs):
    return {"type": f"expect_{kind}", "kwargs": kwargs, "meta": {}, "severity": "critical"}


def suite(*expectations):
    return {"name": "mine", "expectations": list(expectations)}


def by_type(found):
    return {(one.evidence["expectation"], one.evidence["column"]): one for one in found.findings}


@pytest.fixture
def four(manifest):
    return manifest(
        {name: noise(row) for row, name in enumerate("abcd")},
        {"a": "cat", "b": "dog", "c": None},
        temperature=pa.array([1.0, 2.0, None, 99.0]),
        site=pa.array(["n", "n", "s", "x"]),
    )


def test_the_proposed_suite_knows_ids_images_and_labels(four, given):
    found = by_type(expectations(given(four)))
    assert set(found) == {("expect_column_values_to_not_be_null", "label")}
    missing = found["expect_column_values_to_not_be_null", "label"]
    assert missing.sample_ids == ("c",)
    assert (missing.severity, missing.score) == ("warning", 1.0)


def test_the_proposed_suite_knows_the_reference(four, manifest, given):
    reference = manifest(
        {f"t{row}": noise(row) for row in range(6)},
        folder="train",
        temperature=pa.array([0.0, 3.0, 1.0, 1.0, 2.0, 2.0]),
        site=pa.array(["n", "s"] * 3),
        camera=pa.array([1, 2] * 3),
    )
    found = by_type(expectations(given(four, reference)))
    assert found["expect_column_values_to_be_between", "temperature"].sample_ids == ("d",)
    assert found["expect_column_values_to_be_in_set", "site"].sample_ids == ("d",)
    assert found["expect_column_values_to_not_be_null", "temperature"].sample_ids == ("c",)
    assert found["expect_column_to_exist", "camera"].severity == "error"


def test_a_proposed_suite_holds_on_the_data_it_comes_from(manifest, given):
    images = {f"n{row}": noise(row) for row in range(8)}
    data = manifest(images, site=pa.array(["n", "s"] * 4), power=pa.array([float(row) for row in range(8)]))
    same = manifest(images, folder="train", site=data.table.column("site"), power=data.table.column("power"))
    assert expectations(given(data, same)).findings == ()


def test_a_table_without_images_is_not_expected_to_have_them(manifest):
    data, reference = manifest({"a": None}), manifest({"t": noise()}, folder="train")
    proposed = propose_suite(measure(data), measure(reference), CheckOptions())
    columns = {one["kwargs"]["column"] for one in proposed["expectations"]}
    assert columns == {"id", "label"}


def test_a_users_expectation_that_fails_names_column_count_examples_and_samples(four, given):
    mine = suite(expect("column_values_to_be_between", column="temperature", min_value=0, max_value=50))
    (finding,) = expectations(given(four, suite=mine)).findings
    assert finding.sample_ids == ("d",)
    assert (finding.severity, finding.score) == ("error", 1.0)
    assert finding.evidence == {
        "table": "samples",
        "column": "temperature",
        "expectation": "expect_column_values_to_be_between",
        "arguments": {"column": "temperature", "min_value": 0.0, "max_value": 50.0},
        "unexpected_count": 1,
        "examples": [99.0],
        "observed": None,
        "missing": [],
        "problem": "",
    }
    assert finding.message == (
        "column 'temperature': expect_column_values_to_be_between(min_value=0, max_value=50) "
        "is not met by 1 values, e.g. 99"
    )


def test_image_properties_can_be_expected_of(four, given):
    mine = suite(expect("column_values_to_be_between", column="width", min_value=20))
    (finding,) = expectations(given(four, suite=mine)).findings
    assert finding.sample_ids == ("a", "b", "c", "d")


def test_an_expectation_of_the_whole_table_has_no_samples(four, given):
    mine = suite(expect("table_row_count_to_be_between", min_value=10))
    (finding,) = expectations(given(four, suite=mine)).findings
    assert (finding.sample_ids, finding.evidence["observed"]) == ((), 4)
    assert finding.message.startswith("table: expect_table_row_count_to_be_between(min_value=10) is not met")


def test_an_expectation_that_cannot_be_evaluated_is_an_error(four, given):
    mine = suite(expect("column_values_to_be_between", column="site", min_value=0, max_value=5))
    (finding,) = expectations(given(four, suite=mine)).findings
    assert finding.severity == "error"
    assert "could not be evaluated: Column values, min_value" in finding.message


def test_severity_is_the_suites(four, given):
    mild = expect("column_values_to_be_in_set", column="site", value_set=["n"]) | {"severity": "info"}
    (finding,) = expectations(given(four, suite=suite(mild))).findings
    assert (finding.severity, finding.sample_ids) == ("info", ("c", "d"))


def test_the_page_stands_alone_and_is_the_same_twice(four, given):
    pages = []
    for _ in range(2):
        looked_at = given(four)
        found = expectations(looked_at)
        pages.append((looked_at.pages / found.pages["Great Expectations"]).read_text())
    assert pages[0] == pages[1]
    assert not re.search(r"<(link|img|iframe)\b|(src|href)\s*=\s*[\"'](https?:|//|\.\.)|url\(", pages[0])
    assert "default-src 'none'" in pages[0]
    assert "Evaluated Expectations" in pages[0]


def test_text_of_the_data_is_not_run_as_a_page(manifest, given):
    data = manifest({"a": noise()}, site=pa.array(["<script>alert(1)</script>"]))
    mine = suite(expect("column_values_to_be_in_set", column="site", value_set=["n"]))
    looked_at = given(data, suite=mine)
    expectations(looked_at)
    assert "<script>alert" not in (looked_at.pages / "great_expectations.html").read_text()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "expected a suite, a JSON object with a list 'expectations'"),
        ('{"expectations": []}', "the suite has no expectation"),
        ('{"expectations": [3]}', "expectation 1: expected an object with 'type' and 'kwargs', got 3"),
        ('{"expectations": [{"kwargs": {}}]}', "expectation 1: expected a 'type'"),
        (
            '{"expectations": [{"type": "t", "meta": [1]}]}',
            r"1 \(t\): expected an object as 'meta', got \[1\]",
        ),
    ],
)
def test_a_file_that_is_no_suite_says_why(tmp_path, body, message):
    path = tmp_path / "suite.json"
    path.write_text(body)
    with pytest.raises(InputError, match=message):
        read_suite(path)


def test_a_suite_that_is_absent_says_so(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*suite.json: No such file"):
        read_suite(tmp_path / "suite.json")


def test_a_suite_from_before_version_1_is_read(tmp_path):
    path = tmp_path / "old.json"
    old = {"expectation_type": "expect_column_values_to_be_unique", "kwargs": {"column": "id"}}
    path.write_text(json.dumps({"expectation_suite_name": "old", "expectations": [old]}))
    assert read_suite(path)["expectations"] == [expect("column_values_to_be_unique", column="id")]


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (
            expect("nothing", column="id"),
            r"s.json, expectation 2 \(expect_nothing\): expect_nothing not found",
        ),
        (expect("column_values_to_be_unique", colum="id"), "expectation 2 .*field required"),
        (
            expect("column_values_to_be_unique", column="id") | {"severity": "bad"},
            "expectation 2 .*Invalid severity 'bad'",
        ),
    ],
)
def test_an_expectation_that_does_not_exist_is_named_with_its_place(one, message):
    fine = expect("column_values_to_be_unique", column="id")
    with pytest.raises(InputError, match=message):
        check_suite(suite(fine, one), "s.json")


def test_a_column_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    mine = suite(
        expect("column_to_exist", column="camera"), expect("column_values_to_be_unique", column="idd")
    )
    with pytest.raises(InputError, match=r"expectation 2 .*\(id, label\), got 'idd'"):
        check_columns(mine, {"samples": ["id", "label"]}, tmp_path / "s.json")


def test_a_table_that_does_not_exist_is_named(tmp_path):
    mine = suite(expect("column_values_to_be_unique", column="area") | {"meta": {"table": "objects"}})
    with pytest.raises(
        InputError, match=r"expected a table of the data set in meta, 'samples', got 'objects'"
    ):
        check_columns(mine, {"samples": ["id"]}, tmp_path / "s.json")

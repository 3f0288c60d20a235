"""A slice report that was edited or cut short is not read."""

import json
import math

import pytest

from seatrial.errors import InputError
from seatrial.slices import MeasureOptions, SliceReport, SliceSpec
from seatrial.slices.measure import measure


@pytest.fixture
def written(evaluation, tmp_path):
    """Write a report of two models, and give its folder."""
    options = MeasureOptions(replicates=20, metrics=("accuracy", "brier"))
    specs = {"site": SliceSpec(by=["site"])}
    measure(evaluation(), evaluation(seed=2), specs, options).write(tmp_path / "slices")
    return tmp_path / "slices"


def changed(folder, path, value):
    """Put a value at a place of ``slice_report.json``; ``KeyError`` takes the place away."""
    body = json.loads((folder / "slice_report.json").read_text())
    *above, last = path
    part = body
    for key in above:
        part = part[key]
    if value is KeyError:
        del part[last]
    else:
        part[last] = value
    (folder / "slice_report.json").write_text(json.dumps(body))


NUMBERS = [("value",), ("low",), ("baseline", "high"), ("difference", "low"), ("difference", "p")]
COUNTS = [("n",), ("n_metric",), ("baseline", "n_metric"), ("difference", "n")]


@pytest.mark.parametrize("place", NUMBERS)
@pytest.mark.parametrize("value", ["0.9", True, [], {}, KeyError])
def test_what_is_no_number_is_named(written, place, value):
    changed(written, ("rows", 1, *place), value)
    with pytest.raises(InputError, match=rf"slice_report\.json: not a complete.* rows\[1\]: .*{place[-1]}"):
        SliceReport.read(written)


@pytest.mark.parametrize("place", COUNTS)
@pytest.mark.parametrize("value", [-1, 0.5, 1e9, "3", True, None, KeyError])
def test_what_is_no_count_is_named(written, place, value):
    changed(written, ("rows", 1, *place), value)
    with pytest.raises(InputError, match=rf"rows\[1\]: .*{place[-1]}"):
        SliceReport.read(written)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_is_none_of_json_is_refused(written, number):
    changed(written, ("rows", 1, "value"), number)
    with pytest.raises(InputError, match="not valid JSON: (NaN|Infinity) is no number of JSON"):
        SliceReport.read(written)


def test_a_number_too_great_to_be_one_is_refused(written):
    file = written / "slice_report.json"
    changed(written, ("rows", 1, "value"), 123456789)
    file.write_text(file.read_text().replace("123456789", "1e999"))
    with pytest.raises(InputError, match="value: expected a finite number, got inf"):
        SliceReport.read(written)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("rows",), {}),
        (("rows", 0), "row"),
        (("rows", 0, "level"), "scene"),
        (("rows", 0, "slice"), None),
        (("rows", 0, "attributes"), []),
        (("dataset",), "zoo"),
        (("dataset", "digest"), None),
        (("candidate",), KeyError),
        (("baseline",), "model-2"),
        (("slices",), 0),
        (("schema_version",), True),
    ],
)
def test_a_part_of_another_kind_is_refused(written, place, value):
    changed(written, place, value)
    with pytest.raises(InputError, match=r"slice_report\.json: not a complete slice report: .*expected"):
        SliceReport.read(written)


def test_a_table_that_was_cut_short_is_refused(written):
    file = written / "confusion.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"cannot read .*confusion\.parquet"):
        SliceReport.read(written)

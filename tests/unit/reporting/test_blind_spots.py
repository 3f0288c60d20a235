"""Groups that really fail, found by the step, as the report words them."""

import json
import re
import shutil

import pyarrow.parquet as pq
import pytest

from seatrial.errors import InputError
from seatrial.mining import Failures
from seatrial.reporting import FoundGroups
from seatrial.reporting.blind_spots import attributes_view, change_view, groups_view
from seatrial.steps import find_blind_spots


@pytest.fixture(scope="module")
def folder(refused, tmp_path_factory):
    """What the step finds of a candidate that fails on one type of cell, against its champion."""
    place = tmp_path_factory.mktemp("blind")
    refused.candidate.write(place / "candidate")
    refused.baseline.write(place / "champion")
    find_blind_spots.run(place / "candidate", place / "found", baseline=place / "champion")
    return place / "found"


@pytest.fixture(scope="module")
def found(folder):
    return FoundGroups.read(folder)


def numbers(text):
    return [
        float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-").replace("\u202f", ""))
    ]


def test_the_group_that_fails_is_described_with_its_numbers(found, refused):
    group = next(one for one in found.confirmed if "mono" in one["title"])
    told = next(one for one in groups_view(found, {}) if one["title"] == group["title"])
    assert numbers(told["errors"]) == [group["errors"]]
    assert numbers(told["n"]) == [group["support"]]
    assert numbers(told["difference"]) == [round(100 * group["effect"], 1)]
    assert numbers(told["interval"]) == [round(100 * group["low"], 1), round(100 * group["high"], 1)]
    assert told["difference"].startswith("+"), "it fails more often than the rest"
    assert numbers(told["rate"]) == [round(100 * group["tried"]["rate"], 1)]


def test_members_are_the_errors_that_the_evaluation_has(found, refused):
    failures = Failures.from_evaluation(refused.candidate)
    units = found.failing_units(failures)
    for group in found.confirmed:
        places = units[group["name"]]
        assert failures.error[places].all()
        assert len(places) == group["errors"]
        assert set(group["samples"]) <= set(failures.id[places])


def test_only_samples_with_a_picture_are_pictured(found):
    group = found.confirmed[0]
    places = {one: place for place, one in enumerate(group["samples"][1:4])}
    assert groups_view(found, places)[0]["pictures"] == [0, 1, 2]
    assert groups_view(found, {})[0]["pictures"] == []


def test_attributes_are_drawn_with_interval_and_n(found):
    told = attributes_view(found)
    assert told[0]["name"] == found.report["importance"][0]["attribute"]
    curve = next(one["points"] for one in found.report["curves"] if one["attribute"] == told[0]["name"])
    for point in curve:
        assert f"n = {point['n']}" in told[0]["curve"]
    assert "95\u202f% interval" in told[0]["curve"]
    assert all(0 <= float(one["width"]) <= 100 for one in told)


def test_what_was_broken_and_fixed_is_told_as_groups(found):
    told = {one["kind"]: one for one in change_view(found)}
    assert "mono" in told["broken"]["title"]
    assert "poly" in told["fixed"]["title"]


def test_without_a_comparison_no_change_is_told(found):
    alone = FoundGroups({**found.report, "comparison": None}, {}, {}, found.members)
    assert change_view(alone) == []


def test_each_sample_has_the_first_group_that_holds_it(found):
    first = {}
    for one in found.members.to_pylist():
        first.setdefault(one["id"], one["group"])
    assert found.groups == first


@pytest.mark.parametrize(
    ("file", "words"),
    [("blind_spots.json", "find-blind-spots writes it"), ("groups.parquet", "cannot read .*groups.parquet")],
)
def test_an_incomplete_folder_is_refused(file, words, folder, tmp_path):
    place = shutil.copytree(folder, tmp_path / "found")
    (place / file).unlink()
    with pytest.raises(InputError, match=words):
        FoundGroups.read(place)


def test_a_file_without_its_columns_or_keys_is_named(folder, tmp_path):
    place = shutil.copytree(folder, tmp_path / "found")
    table = pq.read_table(place / "groups.parquet")
    pq.write_table(table.drop_columns(["error"]), place / "groups.parquet")
    with pytest.raises(InputError, match=r"cannot read .*groups\.parquet.*error"):
        FoundGroups.read(place)
    report = json.loads((place / "blind_spots.json").read_text())
    del report["curves"]
    (place / "blind_spots.json").write_text(json.dumps(report))
    with pytest.raises(InputError, match="expected the key 'curves', there is none"):
        FoundGroups.read(place)


def test_groups_of_another_data_set_are_refused(found, refused):
    other = FoundGroups({**found.report, "dataset": {"digest": "sha256:other"}}, {}, {}, found.members)
    with pytest.raises(InputError, match="the blind spots are of data set sha256:other"):
        refused.inputs(found=other)

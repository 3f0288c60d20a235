import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.slices import SliceSpec, fit, members

TABLE = pa.table(
    {
        "id": list("abcdef"),
        "site": ["B7", "A1", None, "B7", "B7", "A1"],
        "night": [True, True, False, None, False, True],
        "brightness": [0.1, 0.2, 0.3, None, float("nan"), 0.9],
        "count": [1, 2, 3, 4, 5, 6],
    }
)


def found(table=TABLE, **specs):
    fitted = fit({name: SliceSpec.model_validate(fields) for name, fields in specs.items()}, table)
    return {one.name: one.index.tolist() for one in members(fitted, table)}


def test_everything_comes_first_and_needs_no_spec():
    assert found() == {"all": [0, 1, 2, 3, 4, 5]}


def test_a_predicate_is_one_slice_of_its_own_name():
    assert found(dim={"where": "brightness < 0.25"})["dim"] == [0, 1]


def test_a_predicate_without_matches_is_an_empty_slice():
    assert found(none={"where": "count > 100"})["none"] == []


def test_an_axis_gives_a_slice_for_each_value_and_for_the_missing_one():
    slices = found(site={"by": ["site"]})
    assert list(slices) == ["all", "site=A1", "site=B7", "site=∅"]
    assert slices["site=B7"] == [0, 3, 4]
    assert slices["site=∅"] == [2]


def test_bins_leave_no_value_out():
    slices = found(light={"by": {"brightness": {"edges": [0.2, 0.3]}}})
    assert slices == {
        "all": [0, 1, 2, 3, 4, 5],
        "brightness=(-∞, 0.2)": [0],
        "brightness=[0.2, 0.3)": [1],
        "brightness=[0.3, ∞)": [2, 5],
        "brightness=∅": [3, 4],
    }


def test_a_cross_leaves_out_empty_cells():
    slices = found(both={"by": ["site", "night"]})
    assert list(slices)[1:] == [
        "site=A1 & night=true",
        "site=B7 & night=false",
        "site=B7 & night=true",
        "site=B7 & night=∅",
        "site=∅ & night=false",
    ]


def test_axes_within_a_predicate_carry_its_name():
    slices = found(dark={"where": "night == true", "by": ["site"]}, site={"by": ["site"]})
    assert slices["dark & site=A1"] == [1, 5]
    assert slices["site=A1"] == [1, 5]


def test_a_slice_knows_its_family_and_attributes():
    fitted = fit({"both": SliceSpec.model_validate({"by": ["site", "night"]})}, TABLE)
    last = members(fitted, TABLE)[-1]
    assert (last.family, last.attributes, last.level) == ("both", {"site": "∅", "night": "false"}, "image")


def test_fitted_bins_mean_the_same_on_another_table():
    spec = {"light": SliceSpec.model_validate({"by": {"count": {"bins": "quantile", "n": 2}}})}
    fitted = fit(spec, TABLE)
    other = pa.table({"count": [100, -100]})
    assert fitted["light"].to_policy() == {"by": {"count": {"edges": [3.5]}}}
    assert [one.name for one in members(fitted, other)] == ["all", "count=(-∞, 3.5)", "count=[3.5, ∞)"]
    assert fit(fitted, other) == fitted


def test_bins_within_a_predicate_are_fitted_to_what_it_chooses():
    spec = SliceSpec.model_validate({"where": "count > 4", "by": {"count": {"bins": "quantile", "n": 2}}})
    assert fit({"x": spec}, TABLE)["x"].to_policy()["by"] == {"count": {"edges": [6.0]}}


def test_an_attribute_that_is_missing_everywhere_has_its_slice():
    table = pa.table({"x": pa.nulls(3)})
    assert found(table, x={"by": {"x": {"bins": "quantile", "n": 2}}}) == {"all": [0, 1, 2], "x=∅": [0, 1, 2]}
    assert found(table, y={"by": ["x"]})["x=∅"] == [0, 1, 2]


def test_too_many_values_are_an_error_and_never_dropped():
    with pytest.raises(
        InputError, match=r"slices 'c': attribute 'count' has 6 values, at most 5 \(max_values\)"
    ):
        found(c={"by": ["count"], "max_values": 5})


def test_values_are_counted_within_the_predicate():
    assert len(found(c={"where": "count > 4", "by": ["count"], "max_values": 2})) == 3


@pytest.mark.parametrize(
    ("specs", "problem"),
    [
        (
            {"a": {"by": ["site"]}, "b": {"by": ["site"]}},
            "two slices are called 'site=A1', of 'a' and of 'b'",
        ),
        ({"all": {"where": "count > 1"}}, "two slices are called 'all'"),
        ({"site=B7": {"where": "count > 1"}, "b": {"by": ["site"]}}, "two slices are called 'site=B7'"),
        ({"a": {"by": ["sight"]}}, r"slices 'a': unknown column 'sight' \(did you mean 'night'\?\)"),
        ({"a": {"where": "sight == 1"}}, r"slice 'a': predicate, character 1: unknown column 'sight'"),
        (
            {"a": {"by": {"site": {"bins": "fixed", "n": 2}}}},
            "attribute 'site' holds no numbers to put into bins",
        ),
        ({"a": {"by": {"site": {"edges": [1]}}}}, "attribute 'site' holds no numbers to put into bins"),
    ],
)
def test_slices_that_cannot_be_taken_are_an_error(specs, problem):
    with pytest.raises(InputError, match=problem):
        found(**specs)


def test_a_text_that_looks_like_the_missing_value_is_an_error():
    table = pa.table({"x": ["∅", None]})
    with pytest.raises(InputError, match="two slices are called 'x=∅'"):
        found(table, x={"by": ["x"]})


def test_bins_must_be_fitted_before_they_choose():
    spec = {"x": SliceSpec.model_validate({"by": {"count": {"bins": "fixed", "n": 2}}})}
    with pytest.raises(InputError, match="the bins of 'count' were not fitted"):
        members(spec, TABLE)


def test_a_cross_of_many_attributes_partitions_a_large_table():
    source = np.random.default_rng(0)
    table = pa.table({f"c{axis}": source.integers(0, 40, 5000) for axis in range(12)})
    rows = [
        row
        for name, index in found(table, x={"by": table.column_names}).items()
        if name != "all"
        for row in index
    ]
    assert sorted(rows) == list(range(5000))


FROZEN = pa.table({"id": ["a", "b", "c"], "content": ["sha256:a", None, "sha256:c"]})


def test_a_frozen_list_is_a_slice_whatever_its_order():
    assert found(FROZEN, bug={"ids": ["c", "a"]})["bug"] == [0, 2]
    assert found(FROZEN, bug={"ids": {"c": "sha256:c", "b": None}})["bug"] == [1, 2]


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["a", "d", "e"], "slice 'bug': expected 3 frozen samples, 2 of them are not among .*: 'd', 'e'"),
        (
            {"a": "sha256:a", "b": "sha256:b"},
            "slice 'bug': whether 1 frozen samples hold the image that they did cannot be told, .*: 'b'",
        ),
        (
            {"a": "sha256:a", "c": "sha256:old"},
            "slice 'bug': 1 frozen samples hold another image .*: 'c'; 'c' was sha256:old, it is sha256:c",
        ),
    ],
)
def test_a_frozen_sample_that_is_missing_or_another_is_an_error(ids, problem):
    with pytest.raises(InputError, match=problem):
        found(FROZEN, bug={"ids": ids})


def test_a_frozen_digest_is_not_taken_on_trust_where_no_content_is_known():
    table = pa.table({"id": ["a"]})
    assert found(table, bug={"ids": ["a"]})["bug"] == [0]
    with pytest.raises(InputError, match="cannot be told, their images were not read: 'a'"):
        found(table, bug={"ids": {"a": "sha256:a"}})

import pytest
from pydantic import ValidationError

from seatrial.slices import SliceSpec


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "expected 'where', 'by' or both"),
        ({"by": []}, "'by' names no attribute"),
        ({"by": {}}, "'by' names no attribute"),
        ({"by": "site"}, r"expected a list of attributes, got 'site' \(write \[site\]\)"),
        ({"by": ["site", "site"]}, "an attribute may divide once, repeated: site"),
        ({"by": [{"brightness": {"bins": "quantile", "n": 3}}]}, "for bins write a mapping"),
        ({"by": {"b": {"bins": "quantile"}}}, r"expected 'bins' \(quantile or fixed\) with 'n', or 'edges'"),
        ({"by": {"b": {"n": 3}}}, "expected 'bins'"),
        ({"by": {"b": {}}}, "expected 'bins'"),
        ({"by": {"b": {"bins": "quantile", "n": 3, "edges": [1]}}}, "got both"),
        ({"by": {"b": {"bins": "equal", "n": 3}}}, "'quantile' or 'fixed'"),
        ({"by": {"b": {"bins": "fixed", "n": 1}}}, "greater than or equal to 2"),
        ({"by": {"b": {"edges": [2, 1]}}}, "edges must ascend"),
        ({"by": {"b": {"edges": [1, float("inf")]}}}, "edges must be finite"),
        ({"where": "a = 1"}, "predicate, character 3: '=' is not an operator"),
        ({"where": "a == 1", "max_values": 0}, "greater than or equal to 1"),
        ({"where": "a == 1", "min_n": 0}, "greater than or equal to 1"),
        ({"where": "a == 1", "level": "pixel"}, "'image' or 'object'"),
        ({"where": "a == 1", "colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_spec_that_chooses_nothing_sensible_is_refused(fields, problem):
    with pytest.raises(ValidationError, match=problem):
        SliceSpec.model_validate(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"where": "light == 'night'"},
        {"by": ["site"]},
        {"by": ["site", "light"], "max_values": 7, "min_n": 10},
        {"by": {"site": None, "brightness": {"bins": "quantile", "n": 5}}, "where": "a == 1"},
        {"by": {"brightness": {"edges": [0.2, 0.4]}}, "level": "object"},
    ],
)
def test_a_spec_is_written_as_it_was_read(fields):
    spec = SliceSpec.model_validate(fields)
    assert spec.to_policy() == fields
    assert SliceSpec.model_validate(spec.to_policy()) == spec

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from seatrial.slices import SliceSpec, parse

FOUND = {
    "by": "conjunctions",
    "metric": "accuracy",
    "dataset": "sha256:1",
    "searched": 40,
    "found": {"n": 12, "difference": -0.2},
}
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "slices.md"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "expected 'where', 'by' or both, 'cluster', or 'ids'"),
        ({"ids": []}, "'ids' lists no sample"),
        ({"ids": ["a", "a"]}, "a sample is listed once, repeated: 'a'"),
        ({"ids": [1]}, "expected ids of samples as text, got 1"),
        ({"ids": ["a"], "by": ["site"]}, "expected 'ids' alone"),
        ({"ids": ["a"], "where": "a == 1"}, "expected 'ids' alone"),
        ({"ids": ["a"], "level": "object"}, "lists samples, not objects"),
        ({"where": "a == 1", "discovered": {"by": "conjunctions"}}, "discovered.metric"),
        (
            {"where": "a == 1", "discovered": FOUND | {"confirmed": {"n": 9, "difference": 0.1, "p": 0.01}}},
            "expected a difference of one sign on both halves, got -0.2 .* and 0.1",
        ),
        (
            {"where": "a == 1", "discovered": FOUND | {"confirmed": {"n": 9, "difference": -0.1, "p": 2}}},
            "less than or equal to 1",
        ),
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
        {"ids": ["b", "a"]},
        {"ids": {"b": "sha256:1", "a": None}},
        {"where": "a == 1", "discovered": FOUND | {"confirmed": {"n": 9, "difference": -0.1, "p": 0.01}}},
    ],
)
def test_a_spec_is_written_as_it_was_read(fields):
    spec = SliceSpec.model_validate(fields)
    assert spec.to_policy() == fields
    assert SliceSpec.model_validate(spec.to_policy()) == spec


def test_the_documented_slices_are_valid():
    block = re.search(r"```yaml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    slices = yaml.safe_load(block[1])["slices"]
    assert len(slices) == 7
    for fields in slices.values():
        spec = SliceSpec.model_validate(fields)
        assert spec.where or spec.by or spec.ids


def test_the_documented_predicates_parse():
    section = REFERENCE.read_text(encoding="utf-8").split("## Predicates")[1].split("```")[0]
    spans = [quoted or plain for quoted, plain in re.findall(r"`` (.+?) ``|`([^`]+)`", section)]
    predicates = [text for text in spans if re.search(r"\S (==|!=|<|>|<=|>=|in|is) \S", text)]
    assert len(predicates) > 10
    for text in predicates:
        assert parse(text).columns


@pytest.mark.parametrize(("confirmed", "holds"), [(None, False), (0.05, True), (0.051, False)])
def test_a_discovered_slice_holds_where_the_other_half_confirms_it(confirmed, holds):
    there = {} if confirmed is None else {"confirmed": {"n": 9, "difference": -0.1, "p": confirmed}}
    spec = SliceSpec.model_validate({"where": "a == 1", "discovered": FOUND | there})
    assert spec.discovered.holds(0.05) is holds

"""verdict.json has a published schema, and what refuses can be shown beside the policy's lines."""

import json
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest

import seatrial.gates
from seatrial.gates import Decision
from seatrial.gates.annotations import annotations
from seatrial.gates.composition import parse_policy, read_policy
from seatrial.gates.verdict_schema import verdict_schema, verdict_schema_text

RULES = (
    "id: a, type: min, metric: accuracy, value: 0.9",
    "id: b, type: min, metric: accuracy, value: 0.85, severity: warn",
    "id: c, type: min, metric: accuracy, value: 0.7",
    "id: d, type: data, check: broken, max_count: 0",
)
WAIVER = "[{rule: a, owner: Ann, reason: known, expires: 2027-01-01}]"


def test_the_published_schema_is_the_programs():
    published = Path(seatrial.gates.__file__).parent / "verdict.schema.json"
    assert published.read_text(encoding="utf-8") == verdict_schema_text()
    jsonschema.Draft202012Validator.check_schema(verdict_schema())


def test_the_schema_names_every_field_of_a_decision():
    named = set(verdict_schema()["$defs"]["Decision"]["properties"])
    assert named == {field.name.removesuffix("_") for field in fields(Decision)}


@pytest.mark.parametrize("waivers", ["[]", WAIVER])
def test_a_verdict_satisfies_the_schema(judge, row, waivers):
    verdict = judge(*RULES, rows=[row()], waivers=waivers)
    jsonschema.validate(json.loads(verdict.to_json()), verdict_schema())


@pytest.mark.parametrize(
    "edit", [{"outcome": "skipped"}, {"schema_version": 2}, {"more": 1}, {"decisions": [{"rule": "a"}]}]
)
def test_what_is_no_verdict_does_not(judge, row, edit):
    body = json.loads(judge(*RULES, rows=[row()]).to_json()) | edit
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, verdict_schema())


def test_each_refusal_and_warning_is_shown_at_the_line_of_its_rule(judge, row):
    text = "apiVersion: seatrial/v1\nrules:\n" + "".join(f"  - {{{rule}}}\n" for rule in RULES)
    verdict = judge(*RULES, rows=[row()])
    refused, warned, broken = annotations(verdict, *parse_policy(text, "a,b.yaml"))
    assert refused.startswith("::error file=a%2Cb.yaml,line=3,title=a%3A fail::overall: accuracy 85.0 %25 (")
    assert warned.startswith("::warning file=a%2Cb.yaml,line=4,title=b%3A inconclusive::overall: ")
    assert broken.startswith("::error file=a%2Cb.yaml,line=6,title=d%3A error::check broken: ")


def test_a_problem_of_the_whole_verdict_has_no_line(judge, row, report):
    verdict = judge(RULES[2], slices=report(row(), seed=3))
    text = f"apiVersion: seatrial/v1\nrules:\n  - {{{RULES[2]}}}\n"
    (line,) = annotations(verdict, *parse_policy(text, "policy.yaml"))
    assert line.startswith("::error title=seatrial::the slices were measured with seed 3")


def test_a_rule_of_an_included_file_is_shown_there(judge, row, tmp_path):
    (tmp_path / "org.yaml").write_text(f"apiVersion: seatrial/v1\nrules:\n  - {{{RULES[0]}}}\n")
    (tmp_path / "team.yaml").write_text("apiVersion: seatrial/v1\nincludes: [org.yaml]\n")
    policy, origins = read_policy(tmp_path / "team.yaml")
    assert policy.rules[0].id == "a"
    (line,) = annotations(judge(RULES[0], rows=[row()]), policy, origins)
    assert f"file={tmp_path}/org.yaml,line=3" in line

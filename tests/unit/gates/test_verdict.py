import json

import pytest

from seatrial.errors import InputError
from seatrial.gates import Verdict

RULE = "id: floor, type: min, metric: accuracy, value: 0.8"


def test_a_verdict_is_read_as_it_was_written(judge, row, tmp_path):
    verdict = judge(RULE, rows=[row(value=0.8)])
    verdict.write(tmp_path / "verdict.json")
    assert Verdict.read(tmp_path / "verdict.json") == verdict


def test_a_verdict_is_canonical_json(judge, row):
    text = judge(RULE, rows=[row()]).to_json()
    assert (
        text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    )


@pytest.mark.parametrize("body", ["{}", "[]", '{"schema_version": 1, "outcome": "pass"}', "no json"])
def test_what_is_no_verdict_is_an_error(tmp_path, body):
    path = tmp_path / "verdict.json"
    path.write_text(body, encoding="utf-8")
    with pytest.raises(InputError, match=r"verdict\.json"):
        Verdict.read(path)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("blocking", "no", "blocking: expected true or false, got 'no'"),
        ("blocking", 0, "blocking: expected true or false, got 0"),
        ("severity", "none", "severity: expected one of block, warn, got 'none'"),
        ("outcome", "fine", "fine"),
    ],
)
def test_a_decision_that_nobody_made_is_not_read(judge, row, tmp_path, field, value, problem):
    body = json.loads(judge(RULE, rows=[row(value=0.8)]).to_json())
    body["decisions"][0][field] = value
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(InputError, match=rf"verdict\.json: not a complete verdict: .*{problem}"):
        Verdict.read(path)


@pytest.mark.parametrize(("part", "value"), [("problems", "none"), ("decisions", {}), ("notes", None)])
def test_a_verdict_of_other_parts_is_not_read(judge, row, tmp_path, part, value):
    body = json.loads(judge(RULE, rows=[row(value=0.8)]).to_json()) | {part: value}
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(InputError, match=rf"{part}: expected a list"):
        Verdict.read(path)

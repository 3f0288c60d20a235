"""The explorer as a program: what it answers, what it keeps, whom it refuses."""

import json
import socket
from urllib.parse import urlsplit

import pytest
import yaml

from seatrial.evaluation import EvaluationTable
from seatrial.gates import Policy
from seatrial.gates.scenario import ScenarioSuite
from seatrial.labelling import LabellingQueue
from seatrial.slices import SliceSpec, members

NIGHT = {"where": "light == 'night'"}
WRONG = {"outcome": "wrong"}


def test_a_choice_is_counted_with_its_error_and_interval(explorer):
    status, found = explorer.ask("/api/samples", {"query": NIGHT})
    assert (status, found["n"], found["wrong"]) == (200, 15, 10)
    assert found["low"] < found["error"] == 10 / 15 < found["high"]
    assert len(found["rows"]) == 15


def test_what_is_taken_for_what_can_be_asked_again(explorer):
    _, pairs = explorer.ask("/api/confusion", {"query": WRONG})
    assert sum(one["n"] for one in pairs) == 10
    for one in pairs:
        assert explorer.ask("/api/samples", {"query": {"where": one["where"]}})[1]["n"] == one["n"]


def test_the_likest_samples_are_of_the_same_kind(explorer):
    _, found = explorer.ask("/api/similar/4")
    assert {one["row"] % 4 for one in found[:10]} == {0}, (
        "the nearest of a picture of the night are of the night"
    )
    assert 4 not in [one["row"] for one in found]


def test_a_predicate_is_saved_as_a_slice_that_a_policy_measures(explorer, evaluation):
    status, made = explorer.ask("/api/save", {"query": NIGHT, "kind": "slice", "name": "by night"})
    assert status == 200, made
    policy = f"""
apiVersion: seatrial/v1
{made["text"]}
rules:
  - {{id: night, type: min, metric: accuracy, slice: by night, value: 0.5}}
"""
    parsed = Policy.parse(policy, "policy.yaml")
    table = EvaluationTable.read(evaluation).samples
    assert len(members(parsed.slices, table)[1].index) == 15


def test_a_lasso_is_saved_as_a_frozen_list_with_the_content_of_its_images(explorer, evaluation):
    query = {"rows": [1, 2, 3]}
    status, made = explorer.ask("/api/save", {"query": query, "kind": "slice", "name": "drawn round"})
    assert status == 200, made
    spec = SliceSpec.model_validate(yaml.safe_load(made["text"])["slices"]["drawn round"])
    found = members({"drawn round": spec}, EvaluationTable.read(evaluation).samples)
    assert found[1].index.tolist() == [1, 2, 3]
    assert all(spec.ids.values())
    again = explorer.ask("/api/save", {"query": query, "kind": "slice", "name": "drawn round"})
    assert again[0] == 400
    assert "give this one another name" in again[1]["error"]


def test_a_scenario_needs_a_reason_and_is_read_back(explorer):
    asked = {"query": WRONG, "kind": "scenario", "name": "missed at night"}
    assert explorer.ask("/api/save", asked)[0] == 400
    status, made = explorer.ask("/api/save", asked | {"because": "the crossing of March"})
    assert status == 200, made
    suite, _ = ScenarioSuite.load(explorer.notes / "scenarios.yaml")
    assert len(suite.scenarios["missed at night"].samples) == 10


def test_a_batch_to_label_is_written_for_the_tools(explorer):
    asked = {"query": WRONG, "kind": "labelling", "name": "Night / again", "because": "look twice"}
    status, made = explorer.ask("/api/save", asked)
    assert status == 200, made
    queue = LabellingQueue.read(explorer.notes / "labelling-night-again")
    assert len(queue) == 10
    assert set(queue.table.column("reason").to_pylist()) == {"look twice"}
    assert len(json.loads(made["text"])) > 3


def test_tags_are_put_on_taken_off_and_kept(explorer):
    assert explorer.ask("/api/tag", {"query": WRONG, "tag": "glare"})[1]["glare"] == 10
    assert explorer.ask("/api/samples", {"query": {"tag": "glare"}})[1]["n"] == 10
    explorer.ask("/api/tag", {"query": {}, "tag": "glare", "on": False, "only": [4]})
    assert len(json.loads((explorer.notes / "tags.json").read_text())["glare"]) == 9
    explorer.ask("/api/tag", {"query": {}, "tag": "glare", "on": False})
    assert "glare" not in json.loads((explorer.notes / "tags.json").read_text())


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/api/samples", {"query": {"where": "nothing >"}}, "predicate, character"),
        ("/api/sample/60", None, "expected a row from 0 to 59"),
        ("/api/image/-1", None, "expected a row"),
        ("/api/facet", {"query": {}, "name": "nowhere"}, "nowhere"),
        ("/api/search", {"text": "a bus"}, "OpenCLIP"),
        ("/api/save", {"query": {"rows": []}, "kind": "slice", "name": "x"}, "no sample is chosen"),
        ("/api/save", {"query": {}, "kind": "slice", "name": "a\nb"}, "printable"),
        ("/api/tag", {"query": {}, "tag": " "}, "1 to 80 characters"),
    ],
)
def test_what_cannot_be_answered_is_one_line(explorer, path, body, says):
    status, answer = explorer.ask(path, body)
    assert status == 400
    assert says in answer["error"]
    assert "\n" not in answer["error"]


def test_no_path_leads_out_of_the_evaluation(explorer):
    for path in (
        "/../../etc/passwd",
        "/api/image/..%2f..%2fetc%2fpasswd",
        "/explorer.js/../../x",
        "/static/x",
    ):
        assert explorer.ask(path)[0] in {404, 422}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Host": "evil.example"}, None),
        ({"Sec-Fetch-Site": "cross-site"}, None),
        ({"X-Seatrial": None}, {"query": {}}),
    ],
)
def test_other_pages_and_other_names_are_refused(explorer, headers, body):
    path = "/api/overview" if body is None else "/api/samples"
    assert explorer.ask(path, body, **headers)[0] == 403


def test_only_this_machine_is_listened_to(explorer):
    port = urlsplit(explorer.url).port
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", port)) != 0

"""What is proposed for a policy means what it says: the champion solves what the candidate broke."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import yaml

from seatrial.gates import Policy
from seatrial.gates.scenario import ScenarioSuite
from seatrial.reporting import FoundGroups
from seatrial.reporting.policy_text import proposed_scenarios, proposed_slices
from seatrial.slices import MeasureOptions
from seatrial.slices.measure import measure
from seatrial.steps import find_blind_spots

RULES = "rules:\n  - {id: solved, type: scenario}\n"


def suite_of(text):
    return ScenarioSuite.parse(f"apiVersion: seatrial/v1\n{text}", "scenarios.yaml")[0].scenarios


def solved(scenario, inputs):
    """Say whether the candidate and the champion solve a scenario, as ``measure-slices`` sees it."""
    options = replace(MeasureOptions(), replicates=0)
    report = measure(inputs.candidate, inputs.baseline, {"it": scenario.spec}, options)
    row = report.find("it", scenario.expect.metric, scenario.expect.class_)
    return scenario.expect.solved_by(row.candidate), scenario.expect.solved_by(row.baseline)


@pytest.mark.parametrize("task", ["classification", "detection", "segmentation"])
def test_the_champion_solves_what_the_candidate_broke_and_the_candidate_does_not(task, request):
    told = request.getfixturevalue("refused" if task == "classification" else task)
    inputs = told.inputs() if task == "classification" else told
    text = proposed_scenarios(inputs).text
    scenarios = suite_of(text)
    assert solved(scenarios["broken-by-a-candidate"], inputs) == (False, True)
    for one in scenarios.values():
        assert not solved(one, inputs)[0], "what fails is not solved"
    Policy.parse(f"apiVersion: seatrial/v1\ntask: {task}\n{text}{RULES}", "policy.yaml")


def test_a_classifiers_frozen_samples_are_those_that_were_right_before(refused):
    frozen = suite_of(proposed_scenarios(refused.inputs()).text)["broken-by-a-candidate"]
    table, champion = refused.candidate.samples, refused.baseline.samples
    label, now, before = (
        np.array(column.to_pylist(), dtype=object)
        for column in (table.column("label"), table.column("prediction"), champion.column("prediction"))
    )
    ids = np.array(table.column("id").to_pylist(), dtype=object)
    assert set(frozen.samples) == set(ids[(before == label) & (now != label)])
    assert "broken by models:/cells/8" in frozen.because


def test_without_a_champion_the_most_frequent_confusions_are_proposed(first):
    scenarios = suite_of(proposed_scenarios(first.inputs()).text)
    assert set(scenarios) == {"defective-taken-for-functional", "functional-taken-for-defective"}


def test_a_model_without_a_failure_has_nothing_to_propose(story):
    told = story(before=None, now={"mono": 99.0, "poly": 99.0})
    assert proposed_scenarios(told.inputs()).text == ""


def test_a_frozen_sample_keeps_the_digest_of_its_content_where_it_is_known(refused):
    samples = refused.candidate.samples
    digests = pa.array([f"sha256:{row}" for row in range(len(samples))])
    samples = samples.set_column(samples.column_names.index("content"), "content", digests)
    candidate = type(refused.candidate)(refused.candidate.header, samples, refused.candidate.scores)
    written = yaml.safe_load(proposed_scenarios(refused.inputs(candidate=candidate)).text)["scenarios"]
    row_of = {one: row for row, one in enumerate(samples.column("id").to_pylist())}
    for scenario in written.values():
        assert scenario["samples"] == {one: f"sha256:{row_of[one]}" for one in scenario["samples"]}


def test_confirmed_groups_become_slices_and_scenarios_of_their_failures(refused, tmp_path):
    refused.candidate.write(tmp_path / "evaluation")
    find_blind_spots.run(tmp_path / "evaluation", tmp_path / "found")
    found = FoundGroups.read(tmp_path / "found")
    name = found.confirmed[0]["name"]
    text = proposed_slices(found).text
    assert set(yaml.safe_load(text)["slices"]) == {one["name"] for one in found.confirmed if one["slice"]}
    written = yaml.safe_load((tmp_path / "found" / "proposed_slices.yaml").read_text())
    assert yaml.safe_load(text) == written  # the same as the step proposes
    rule = f"rules:\n  - {{id: group, type: min, metric: accuracy, slice: {name}, value: 0.5}}\n"
    policy = Policy.parse(f"apiVersion: seatrial/v1\n{text}{rule}", "policy.yaml")
    assert policy.slices[name].where.startswith("type == 'mono'")
    scenario = suite_of(proposed_scenarios(refused.inputs(found=found)).text)[name]
    failing = {one["id"] for one in found.members.to_pylist() if one["group"] == name and one["error"]}
    assert set(scenario.samples) <= failing
    assert len(scenario.samples) == min(50, len(failing))

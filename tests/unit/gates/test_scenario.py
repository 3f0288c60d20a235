"""Files of scenarios, beside the policy that names them."""

from datetime import date

import pytest

from seatrial.errors import PolicyError
from seatrial.gates import Policy
from seatrial.gates.composition import portable_policy
from seatrial.gates.scenario import ScenarioSuite

SUITE = """\
apiVersion: seatrial/v1
scenarios:
  fog:
    because: "cracks missed in fog, incident 7"
    added: 2026-05-04
    expect: {metric: accuracy, min: 1}
    samples: {a: "sha256:a", b: null}
  dusk:
    because: "too many false alarms"
    expect: {metric: recall, class: sound, min: 0.9}
    samples: [c, d]
"""
POLICY = """\
apiVersion: seatrial/v1
scenarios: scenarios.yaml
rules:
  - {id: kept, type: scenario}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scenarios.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return tmp_path


def test_scenarios_are_slices_of_frozen_samples(folder):
    policy = Policy.load(folder / "policy.yaml")
    assert policy.scenarios["fog"].added == date(2026, 5, 4)
    assert policy.specs["scenario:fog"].ids == {"a": "sha256:a", "b": None}
    assert policy.specs["scenario:dusk"].to_policy() == {"ids": ["c", "d"]}


def test_the_policys_digest_covers_its_scenarios(folder):
    before = Policy.load(folder / "policy.yaml").digest
    (folder / "scenarios.yaml").write_text(SUITE.replace("[c, d]", "[c]"), encoding="utf-8")
    assert Policy.load(folder / "policy.yaml").digest != before


def test_a_policy_with_scenarios_is_written_as_one_file(folder):
    policy = Policy.load(folder / "policy.yaml")
    assert Policy.parse(policy.to_yaml(), "whole.yaml").digest == policy.digest


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("min: 1}", "min: 1, max: 2}", "6:13: scenarios.fog.expect: expected either min or max, got both"),
        (", min: 1}", "}", "6:13: scenarios.fog.expect: expected either min or max, got neither"),
        ("metric: accuracy", "metric: acuracy", "6:22: scenarios.fog.expect.metric: expected a metric ("),
        ("[c, d]", "[]", "scenarios.dusk: expected at least one sample, got none"),
        ("[c, d]", "[c, c]", "scenarios.dusk.samples: a sample is listed once, repeated: 'c'"),
        ('because: "too', 'why: "too', "scenarios.dusk.why: unknown key; expected one of because, added,"),
        ("min: 0.9", "mni: 0.9", "scenarios.dusk.expect.mni: unknown key; expected one of metric, class"),
        ("scenarios:\n", "scenario:\n", "2:1: scenario: unknown key; expected one of apiVersion, scenarios"),
        ("2026-05-04", "yesterday", "scenarios.fog.added: expected a date such as 2026-12-31, got 'yest"),
        ("min: 0.9", "min: 90", "10:49: scenarios.dusk.expect.min: expected a number between 0 and 1"),
        ("recall, class", "accuracy, class", "scenarios.dusk.expect.class: expected a metric that has"),
        ("  dusk:", "  a=b:", "scenarios.a=b: expected a name without '=' and ' & '"),
        ('because: "too many false alarms"', "because: ''", "because: expected why it was frozen, got ''"),
    ],
)
def test_a_mistake_names_the_file_of_scenarios_and_its_line(folder, old, new, problem):
    assert old in SUITE
    (folder / "scenarios.yaml").write_text(SUITE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as raised:
        Policy.load(folder / "policy.yaml")
    assert problem in str(raised.value)
    assert "scenarios.yaml:" in str(raised.value)


def test_a_file_of_scenarios_that_is_not_there_is_an_error_with_its_line(folder):
    (folder / "scenarios.yaml").unlink()
    with pytest.raises(PolicyError, match=r"policy.yaml:2:12: scenarios: expected a file, there is none at"):
        Policy.load(folder / "policy.yaml")


def test_a_rule_that_names_an_unknown_scenario_is_an_error(folder):
    (folder / "policy.yaml").write_text(POLICY.replace("scenario}", "scenario, scenarios: [fig]}"))
    with pytest.raises(
        PolicyError, match=r"rules\[0\].scenarios\[0\]: expected a scenario .*did you mean 'fog'"
    ):
        Policy.load(folder / "policy.yaml")


def test_an_empty_file_of_scenarios_needs_its_version():
    with pytest.raises(PolicyError, match="expected a key 'apiVersion'"):
        ScenarioSuite.parse("", "scenarios.yaml")


def test_a_policy_travels_as_one_text_its_own_where_that_is_whole(folder):
    policy, text = portable_policy(folder / "policy.yaml")
    assert Policy.parse(text, "whole.yaml").digest == policy.digest
    alone = "apiVersion: seatrial/v1  # a comment\nrules: [{id: c, type: coverage, min_n: 1}]\n"
    (folder / "alone.yaml").write_text(alone, encoding="utf-8")
    assert portable_policy(folder / "alone.yaml")[1] == alone

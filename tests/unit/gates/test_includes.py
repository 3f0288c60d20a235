"""A team's policy extends its organisation's: it adds and tightens, and loosens nothing."""

import pytest

from seatrial.errors import PolicyError
from seatrial.gates import Policy
from seatrial.steps import check_policy

ORG = """\
apiVersion: seatrial/v1
dataset: {max_uses: 20}
baseline: {on_missing: error}
statistics: {alpha: 0.05, replicates: 1000}
defaults: {min_n: 200, on_inconclusive: warn}
slices:
  site: {by: [site]}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.8, severity: warn, on_inconclusive: block}
  - {id: cost, type: max, metric: log_loss, value: 0.5}
  - {id: sites, type: no_regression, metric: accuracy, slice: site}
  - {id: kept, type: non_inferior, metric: accuracy, margin: 0.02}
  - {id: gain, type: improve, metric: f1, gain: 0.01}
  - {id: fair, type: gap, metric: recall, slice: site, max: 0.1}
  - {id: covered, type: coverage, slice: site, min_n: 50}
  - {id: clean, type: data, check: broken, max_count: 3}
waivers:
  - {rule: sites, slice: "site=B7", owner: Ann, reason: new camera, expires: 2027-01-01}
"""
FAIR = "rules: [{id: fair, type: min, metric: accuracy, value: 0.9}]"
FLOOR = "rules:\n  - {{id: floor, type: min, metric: accuracy, {}}}"


@pytest.fixture
def team(tmp_path):
    """Write an organisation's policy and a team's beside it, and read the team's."""
    (tmp_path / "org.yaml").write_text(ORG, encoding="utf-8")

    def make(text, includes="[org.yaml]"):
        path = tmp_path / "team.yaml"
        path.write_text(f"apiVersion: seatrial/v1\nincludes: {includes}\n{text}", encoding="utf-8")
        return Policy.load(path)

    return make


def test_rules_of_both_are_judged_the_included_first(team):
    policy = team("rules:\n  - {id: own, type: min, metric: f1, value: 0.5}\n")
    assert [rule.id for rule in policy.rules][-2:] == ["clean", "own"]
    assert policy.dataset.max_uses == 20
    assert [waiver.owner for waiver in policy.waivers] == ["Ann"]


def test_each_rule_goes_by_the_defaults_of_its_own_file(team):
    policy = team(
        "defaults: {min_n: 7, on_inconclusive: block}\n"
        "rules:\n  - {id: own, type: min, metric: f1, value: 0.5, slice: site}\n"
    )
    rules = {rule.id: rule for rule in policy.rules}
    assert [policy.min_n(rules[name]) for name in ("sites", "covered", "own")] == [200, 50, 7]
    assert [rules[name].on_inconclusive for name in ("sites", "floor", "own")] == ["warn", "block", "block"]


def test_defaults_that_the_team_does_not_give_are_those_of_the_included_file(team):
    policy = team("rules:\n  - {id: own, type: min, metric: f1, value: 0.5}\n")
    assert policy.min_n(policy.rules[-1]) == 200
    assert policy.rules[-1].on_inconclusive == "warn"


@pytest.mark.parametrize(
    ("rule", "key", "value"),
    [
        (
            "id: floor, type: min, metric: accuracy, value: 0.9, severity: warn, on_inconclusive: block",
            "value",
            0.9,
        ),
        ("id: floor, type: min, metric: accuracy, value: 0.8, on_inconclusive: block", "severity", "block"),
        ("id: cost, type: max, metric: log_loss, value: 0.4", "value", 0.4),
        (
            "id: cost, type: max, metric: log_loss, value: 0.5, on_inconclusive: block",
            "on_inconclusive",
            "block",
        ),
        (
            "id: sites, type: no_regression, metric: accuracy, slice: site, correction: none",
            "correction",
            "none",
        ),
        ("id: kept, type: non_inferior, metric: accuracy, margin: 0.01", "margin", 0.01),
        ("id: gain, type: improve, metric: f1, gain: 0.02", "gain", 0.02),
        ("id: fair, type: gap, metric: recall, slice: site, max: 0.05", "max", 0.05),
        ("id: covered, type: coverage, slice: site, min_n: 60", "min_n", 60),
        ("id: clean, type: data, check: broken, max_count: 0", "max_count", 0),
    ],
)
def test_a_rule_of_the_same_id_may_be_tightened_in_its_place(team, rule, key, value):
    policy = team(f"rules:\n  - {{{rule}}}\n")
    assert len(policy.rules) == 8
    (found,) = [one for one in policy.rules if rule.startswith(f"id: {one.id},")]
    assert getattr(found, key) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            FLOOR.format("value: 0.7, severity: warn, on_inconclusive: block"),
            "team.yaml:4:53: rules[0].value: rule 'floor' of {}/org.yaml:9 may only be tightened: it says",
        ),
        (
            FLOOR.format("value: 0.8, severity: warn, on_inconclusive: warn"),
            "it says on_inconclusive block, got warn",
        ),
        (
            FLOOR.format("value: 0.8, use: point, on_inconclusive: block"),
            "it says use lcb, got point",
        ),
        ("rules:\n  - {id: cost, type: max, metric: log_loss, value: 0.6}", "it says value 0.5, got 0.6"),
        (
            "rules:\n  - {id: cost, type: max, metric: log_loss, value: 0.5, severity: warn}",
            "it says severity block, got warn",
        ),
        (
            "rules:\n  - {id: cost, type: max, metric: log_loss, value: 0.5, min_n: 300}",
            "it says min_n 200, got 300",
        ),
        (
            "rules:\n  - {id: cost, type: max, metric: log_loss, value: 0.5, on_missing_slice: skip}",
            "on_missing_slice error, got skip",
        ),
        ("rules:\n  - {id: cost, type: max, metric: ece, value: 0.5}", "it says metric log_loss, got ece"),
        ("rules:\n  - {id: cost, type: min, metric: log_loss, value: 0.5}", "it says type max, got min"),
        (
            "rules:\n  - {id: kept, type: non_inferior, metric: accuracy, margin: 0.03}",
            "it says margin 0.02, got 0.03",
        ),
        ("rules:\n  - {id: gain, type: improve, metric: f1}", "it says gain 0.01, got 0"),
        (
            "rules:\n  - {id: fair, type: gap, metric: recall, slice: site, max: 0.2}",
            "it says max 0.1, got 0.2",
        ),
        ("rules:\n  - {id: covered, type: coverage, slice: site, min_n: 40}", "it says min_n 50, got 40"),
        (
            "rules:\n  - {id: clean, type: data, check: broken, max_share: 0.01}",
            "it says max_count 3, got None",
        ),
        (
            "dataset: {max_uses: 30}",
            "dataset.max_uses: may only be tightened: {}/org.yaml asks for 20, got 30",
        ),
        ("baseline: {on_missing: skip}", "baseline.on_missing: may only be tightened"),
        ("statistics: {alpha: 0.2}", "statistics.alpha: may only be tightened"),
        ("statistics: {replicates: 500}", "statistics.replicates: may only be tightened"),
        ("slices: {site: {by: [place]}}", "slices.site: 'site' has another meaning in {}/org.yaml:7"),
        (
            "waivers: [{rule: floor, owner: Bob, reason: known, expires: 2027-01-01}]",
            "waivers[0].rule: rule 'floor' is asked for by {}/org.yaml:9: only that file can waive it",
        ),
        (
            "rules:\n" + 2 * "  - {id: own, type: data, check: dark, max_count: 1}\n",
            "team.yaml:5:10: rules[1].id: expected a unique id, got 'own', which is that of rules[0]",
        ),
        (
            "rules:\n  - {id: own, type: min, metric: f1, value: 0.5, slice: sight}",
            "rules[0].slice: expected all or an entry",
        ),
    ],
)
def test_loosening_what_is_included_is_an_error(team, tmp_path, text, problem):
    with pytest.raises(PolicyError) as raised:
        team(text + "\n")
    assert problem.replace("{}", str(tmp_path)) in str(raised.value)


def test_sections_may_be_tightened(team):
    policy = team("dataset: {max_uses: 5, group: scene}\nstatistics: {replicates: 3000, seed: 3}\n")
    assert (policy.dataset.max_uses, policy.dataset.group) == (5, "scene")
    assert (policy.statistics.replicates, policy.statistics.seed) == (3000, 3)


def test_an_error_in_an_included_file_names_that_file_and_line(team, tmp_path):
    (tmp_path / "org.yaml").write_text(ORG.replace("metric: log_loss", "metric: logloss"), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"org.yaml:10:35: rules\[1\].metric: expected a metric"):
        team("")
    (tmp_path / "org.yaml").write_text(ORG.replace("slice: site, max", "slice: sites, max"), encoding="utf-8")
    with pytest.raises(
        PolicyError, match=r"org.yaml:14:50: rules\[5\].slice: expected all or an entry of slices"
    ):
        team("")


def test_the_digest_is_of_what_all_files_say(team, tmp_path):
    before = team("")
    assert team("# a comment\n").digest == before.digest
    (tmp_path / "org.yaml").write_text(ORG.replace("value: 0.5", "value: 0.6"), encoding="utf-8")
    assert team("").digest != before.digest


def test_a_policy_of_several_files_is_written_as_one_that_says_the_same(team):
    policy = team("rules:\n  - {id: own, type: min, metric: f1, value: 0.5, class: sound}\n")
    assert Policy.parse(policy.to_yaml(), "whole.yaml").digest == policy.digest


def test_policies_that_include_each_other_are_an_error_that_names_the_circle(team, tmp_path):
    (tmp_path / "org.yaml").write_text("apiVersion: seatrial/v1\nincludes: [team.yaml]\n", encoding="utf-8")
    with pytest.raises(
        PolicyError, match=r"org.yaml:2:12: includes\[0\]: .* circle: team.yaml → org.yaml → team.yaml"
    ):
        team("")


def test_a_file_that_is_not_there_is_an_error_with_its_line(team):
    with pytest.raises(
        PolicyError, match=r"team.yaml:2:12: includes\[0\]: expected a file, there is none at .*no.yaml"
    ):
        team("", includes="[no.yaml]")


def test_a_policy_may_be_included_twice_on_different_ways(team, tmp_path):
    rule = "  - {id: dark, type: data, check: dark, max_count: 9}\n"
    department = f"apiVersion: seatrial/v1\nincludes: [org.yaml]\nrules:\n{rule}"
    (tmp_path / "department.yaml").write_text(department, encoding="utf-8")
    policy = team("", includes="[org.yaml, department.yaml]")
    assert [rule.id for rule in policy.rules][-2:] == ["clean", "dark"]
    assert len(policy.waivers) == 1


def test_paths_are_relative_to_the_file_that_names_them(tmp_path):
    (tmp_path / "company").mkdir()
    (tmp_path / "company" / "org.yaml").write_text(ORG, encoding="utf-8")
    path = tmp_path / "team" / "policy.yaml"
    path.parent.mkdir()
    path.write_text("apiVersion: seatrial/v1\nincludes: [../company/org.yaml]\n", encoding="utf-8")
    checked = check_policy.run(path)
    assert len(checked.policy.rules) == 8


@pytest.mark.parametrize("order", ["[beside.yaml, org.yaml]", "[org.yaml, beside.yaml]"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "waivers: [{rule: fair, owner: Bob, reason: known, expires: 2099-01-01}]",
            "beside.yaml:2:18: waivers[0].rule: rule 'fair' is asked for by {}/org.yaml:2: only that",
        ),
        (
            f"{FAIR}\nwaivers: [{{rule: fair, owner: Bob, reason: known, expires: 2099-01-01}}]",
            "beside.yaml:3:18: waivers[0].rule: rule 'fair' is asked for by {}/org.yaml:2: only that",
        ),
        (
            "statistics: {alpha: 0.4}",
            "statistics.alpha: may only be tightened: {}/org.yaml asks for 0.05, got",
        ),
        ("statistics: {replicates: 99}", "statistics.replicates: may only be tightened"),
        ("baseline: {on_missing: skip}", "baseline.on_missing: may only be tightened"),
    ],
)
def test_a_file_that_is_included_beside_another_loosens_nothing_of_it(team, tmp_path, order, text, problem):
    org = f"apiVersion: seatrial/v1\n{FAIR}\n"
    (tmp_path / "org.yaml").write_text(org, encoding="utf-8")
    (tmp_path / "beside.yaml").write_text(f"apiVersion: seatrial/v1\n{text}\n", encoding="utf-8")
    with pytest.raises(PolicyError) as raised:
        team("", includes=order)
    assert problem.replace("{}", str(tmp_path)) in str(raised.value)


def test_a_file_that_is_included_beside_another_may_tighten_it(team, tmp_path):
    (tmp_path / "beside.yaml").write_text(
        "apiVersion: seatrial/v1\nbaseline: {on_missing: error}\nstatistics: {seed: 3}\n"
        "rules: [{id: own, type: min, metric: f1, value: 0.5}]\n"
        "waivers: [{rule: own, owner: Bob, reason: known, expires: 2099-01-01}]\n",
        encoding="utf-8",
    )
    policy = team("", includes="[beside.yaml, org.yaml]")
    assert policy.statistics.seed == 3
    assert [waiver.owner for waiver in policy.waivers] == ["Bob", "Ann"]

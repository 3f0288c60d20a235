"""check-policy and decide-promotion, from real evaluations to exit codes."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow as pa
import pytest

from seatrial.cli.app import main
from seatrial.digests import digest_file
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.gates import Policy, Verdict
from seatrial.quality import CheckResult, QualityReport
from seatrial.steps import measure_slices

HEAD = """\
apiVersion: seatrial/v1
baseline: {on_missing: skip}
statistics: {replicates: 100}
slices:
  site: {by: [site]}
"""
FLOOR = "  - {id: floor, type: min, metric: accuracy, value: VALUE}\n"
SITES = "  - {id: sites, type: no_regression, metric: accuracy, slice: site}\n"
DATA = "  - {id: broken, type: data, check: broken, max_count: 0}\n"


def write_evaluation(folder, name, wrong, n=400):
    """An evaluation in which the rows ``wrong`` chooses are wrong; half of the rows are of each site."""
    table = pa.table(
        {
            "id": [f"i{row}" for row in range(n)],
            "uri": pa.nulls(n, pa.string()),
            "label": ["ok"] * n,
            "prediction": ["broken" if wrong(row) else "ok" for row in range(n)],
            "confidence": pa.nulls(n, pa.float64()),
            "loss": pa.nulls(n, pa.float64()),
            "group": pa.nulls(n, pa.string()),
            "content": pa.nulls(n, pa.string()),
            "site": ["mono", "poly"] * (n // 2),
        }
    )
    header = EvaluationHeader(
        "classification",
        ("ok", "broken"),
        f"models:/cells/{name}",
        f"sha256:{name}",
        "cells",
        "sha256:cells",
        n,
    )
    EvaluationTable(header, table).write(folder / name)
    return folder / name


@pytest.fixture
def evaluations(tmp_path):
    """A candidate that is better overall and worse on mono cells, and its champion."""
    write_evaluation(tmp_path, "new", lambda row: row % 2 == 0 and row % 10 < 4)
    write_evaluation(tmp_path, "champion", lambda row: row % 2 == 1 and row % 10 < 7)
    return tmp_path


@pytest.fixture
def measured(evaluations):
    """The folder of the slice report of candidate and champion."""
    (evaluations / "measure.yaml").write_text(HEAD, encoding="utf-8")
    measure_slices.run(
        evaluations / "new",
        evaluations / "slices",
        baseline=evaluations / "champion",
        policy=evaluations / "measure.yaml",
    )
    return evaluations / "slices"


@pytest.fixture
def write_policy(tmp_path):
    def write(*rules, head=HEAD):
        path = tmp_path / "policy.yaml"
        path.write_text(head + "rules:\n" + "".join(rules), encoding="utf-8")
        return path

    return write


@pytest.fixture
def seatrial(monkeypatch, capsys):
    """Run the program: exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["seatrial", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return run


def floor(value):
    return FLOOR.replace("VALUE", str(value))


@pytest.mark.parametrize(
    ("rules", "code", "outcome"),
    [
        ([floor(0.5)], 0, "PASS"),
        ([floor(0.5), SITES], 1, "FAIL"),
        ([floor(0.8)], 3, "INCONCLUSIVE"),
        ([floor(0.5), DATA], 4, "ERROR"),
    ],
)
def test_the_exit_code_is_the_outcome(seatrial, measured, write_policy, tmp_path, rules, code, outcome):
    policy = write_policy(*rules)
    found, out, _ = seatrial(
        "decide-promotion", "--policy", policy, "--slices", measured, "--out", tmp_path / "verdict"
    )
    assert found == code
    assert out.startswith(f"{outcome}: ")
    verdict = Verdict.read(tmp_path / "verdict" / "verdict.json")
    assert str(verdict.outcome) == outcome.lower()
    assert (tmp_path / "verdict" / "verdict.md").read_text().startswith(f"**{outcome}**: ")
    suite = ET.parse(tmp_path / "verdict" / "junit.xml").getroot().find("testsuite")
    assert int(suite.get("tests")) == len(verdict.decisions)


def test_a_refusal_names_the_slice_by_how_much_and_with_which_interval(
    seatrial, measured, write_policy, tmp_path
):
    policy = write_policy(floor(0.5), SITES)
    _, out, _ = seatrial(
        "decide-promotion", "--policy", policy, "--slices", measured, "--out", tmp_path / "v"
    )
    first = out.splitlines()[0]
    assert "slice site=mono: accuracy 40.0 points below the champion's (95 % interval −4" in first
    assert "n = 200): proven worse" in first


def test_the_verdict_names_what_was_judged_by_digest(seatrial, measured, write_policy, tmp_path):
    policy = write_policy(floor(0.5))
    quality = tmp_path / "quality"
    quality.mkdir()
    dataset = {"name": "cells", "digest": "sha256:cells", "n": 400}
    QualityReport({"dataset": dataset}, (CheckResult("broken", "done", "", 0, 0),), (), {}).write_into(
        quality
    )
    arguments = ("--policy", policy, "--slices", measured, "--quality", quality, "--out", tmp_path / "v")
    assert seatrial("decide-promotion", *arguments)[0] == 0
    inputs = json.loads((tmp_path / "v" / "verdict.json").read_text())["inputs"]
    assert inputs["policy"]["digest"] == Policy.load(policy).digest
    assert inputs["slice_report"]["digest"] == digest_file(measured / "slice_report.json")
    assert inputs["quality_report"]["digest"] == digest_file(quality / "quality.json")
    assert inputs["candidate"]["digest"] == "sha256:new"
    assert inputs["baseline"]["digest"] == "sha256:champion"
    assert inputs["dataset"]["digest"] == "sha256:cells"
    assert "waivers_judged_on" not in inputs


def test_two_decisions_on_the_same_input_are_the_same_bytes(seatrial, measured, write_policy, tmp_path):
    policy = write_policy(floor(0.5), SITES)
    for name, day in (("one", "2026-01-01"), ("two", "2026-02-02")):
        arguments = ("--policy", policy, "--slices", measured, "--out", tmp_path / name, "--today", day)
        seatrial("decide-promotion", *arguments)
    for name in ("verdict.json", "verdict.md", "junit.xml"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_waiver_lets_the_candidate_pass_until_its_day(seatrial, measured, write_policy, tmp_path):
    waiver = 'waivers: [{rule: sites, slice: "site=mono", owner: Ann, reason: known, expires: 2026-07-01}]\n'
    policy = write_policy(SITES, waiver)
    for day, code in (("2026-06-30", 0), ("2026-07-01", 1)):
        arguments = ("--policy", policy, "--slices", measured, "--out", tmp_path / "v", "--today", day)
        assert seatrial("decide-promotion", *arguments)[0] == code
        inputs = Verdict.read(tmp_path / "v" / "verdict.json").inputs
        assert inputs["waivers_judged_on"] == day


def test_a_first_model_passes_and_says_what_was_skipped(seatrial, evaluations, write_policy, tmp_path):
    policy = write_policy(floor(0.5), SITES)
    measure_slices.run(evaluations / "new", tmp_path / "alone", policy=policy)
    arguments = ("--policy", policy, "--slices", tmp_path / "alone", "--out", tmp_path / "v")
    code, out, _ = seatrial("decide-promotion", *arguments)
    assert code == 0
    assert "note: there is no champion yet: skipped sites" in out


def test_different_samples_are_an_error(seatrial, evaluations, write_policy, tmp_path):
    policy = write_policy(SITES)
    other = write_evaluation(evaluations, "other", lambda row: False, n=200)
    measure_slices.run(evaluations / "new", tmp_path / "s", baseline=other, policy=policy)
    code, out, _ = seatrial(
        "decide-promotion", "--policy", policy, "--slices", tmp_path / "s", "--out", tmp_path / "v"
    )
    assert code == 4
    assert "not measured on the same samples" in out


def test_slices_measured_without_the_policy_are_an_error_not_a_pass(
    seatrial, evaluations, write_policy, tmp_path
):
    policy = write_policy(floor(0.5), head=HEAD.replace("{replicates: 100}", "{alpha: 0.1}"))
    measure_slices.run(evaluations / "new", tmp_path / "s", replicates=20)
    arguments = ("--policy", policy, "--slices", tmp_path / "s", "--out", tmp_path / "v")
    code, out, _ = seatrial("decide-promotion", *arguments)
    assert code == 4
    assert "measured at confidence 0.95, the policy's alpha 0.1 asks for 0.9" in out


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda tmp: (tmp / "policy.yaml").unlink(), "cannot read policy"),
        (lambda tmp: (tmp / "slices" / "slice_report.json").unlink(), "cannot read"),
        (lambda tmp: (tmp / "slices" / "slice_report.json").write_text("{"), "not valid JSON"),
        (
            lambda tmp: (tmp / "slices" / "slice_report.json").write_text('{"schema_version": 1}'),
            "not a complete slice report",
        ),
        (
            lambda tmp: (tmp / "policy.yaml").write_text(HEAD + "rules:\n  - {id: a, type: mim}\n"),
            "policy.yaml:7:19: rules[0].type: expected a rule type",
        ),
    ],
)
def test_input_that_cannot_be_used_is_one_line_and_leaves_the_old_verdict(
    seatrial, measured, write_policy, tmp_path, break_it, message
):
    policy = write_policy(floor(0.5))
    arguments = ("decide-promotion", "--policy", policy, "--slices", measured, "--out", tmp_path / "v")
    assert seatrial(*arguments)[0] == 0
    before = (tmp_path / "v" / "verdict.json").read_bytes()
    break_it(tmp_path)
    code, _, err = seatrial(*arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert (tmp_path / "v" / "verdict.json").read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(".")) == []


def test_a_folder_that_holds_something_else_is_not_replaced(seatrial, measured, write_policy, tmp_path):
    policy = write_policy(floor(0.5))
    code, _, err = seatrial("decide-promotion", "--policy", policy, "--slices", measured, "--out", tmp_path)
    assert code == 2
    assert "expected none, an empty one or an earlier result, found" in err
    assert measured.is_dir()


def test_check_policy_says_what_a_policy_asks_for(seatrial, write_policy, evaluations):
    policy = write_policy(floor(0.5), SITES, DATA)
    code, out, _ = seatrial("check-policy", policy, "--evaluation", evaluations / "new")
    assert code == 0
    assert "policy.yaml: valid, 3 rules (sha256:" in out
    assert (
        "floor: accuracy on all samples must be at least 50 %, judged by the lower bound of its 95 %" in out
    )
    assert "sites: accuracy on every slice of site (site) must not be proven worse than the champion's" in out
    assert "broken: data check broken must find nothing; blocks" in out


def test_check_policy_doubts_a_comparison_on_slices_that_the_candidate_chooses(seatrial, write_policy):
    sure = HEAD.replace("by: [site]", 'where: "confidence > 0.9"')
    _, out, _ = seatrial("check-policy", write_policy(SITES, head=sure))
    assert "doubtful: sites: slice site is chosen by the candidate's own confidence" in out


def test_check_policy_says_what_was_likely_not_meant(seatrial, write_policy):
    unused = HEAD + "  night: {where: night}\n".replace("where: night", "where: \"a == 'b'\"")
    policy = write_policy("  - {id: l, type: min, metric: log_loss, value: 0.5}\n", head=unused)
    code, out, _ = seatrial("check-policy", policy)
    assert code == 0
    assert "doubtful: l: log_loss is better when lower; was type max meant?" in out
    assert "doubtful: slice 'night' is measured, but no rule judges it" in out


@pytest.mark.parametrize(
    ("rule", "doubt"),
    [
        ("type: min, metric: accuracy, value: 0", "r: accuracy is never below 0: no value refuses anything"),
        ("type: max, metric: ece, value: 1", "r: ece is never above 1: no value refuses anything"),
        ("type: non_inferior, metric: f1, margin: 1", "r: f1 cannot lose more than 1: no value refuses"),
        ("type: gap, metric: f1, slice: site, max: 1", "r: f1 has no gap above 1: no value refuses anything"),
        ("type: data, check: broken, max_share: 1", "r: a share of 1 allows findings on every sample"),
    ],
)
def test_check_policy_doubts_a_limit_that_nothing_breaks(seatrial, write_policy, rule, doubt):
    code, out, _ = seatrial("check-policy", write_policy(f"  - {{id: r, {rule}}}\n"))
    assert code == 0
    assert f"doubtful: {doubt}" in out


def test_check_policy_doubts_a_scenario_that_worse_models_solve(seatrial, write_policy):
    suite = 'scenarios: {fog: {because: x, expect: {metric: log_loss, min: 1}, samples: ["1"]}}\n'
    text = SITES + "  - {id: kept, type: scenario}\n" + suite
    code, out, _ = seatrial("check-policy", write_policy(text))
    assert code == 0
    assert "doubtful: scenario fog: log_loss is better when lower; was max meant?" in out


@pytest.mark.parametrize(
    ("rules", "head", "message"),
    [
        ([], HEAD, "policy.yaml:6:1: rules: expected at least one rule of severity block, got none"),
        ([floor("0.5, severity: warn")], HEAD, "severity block, got 1 that only warn"),
        (
            [floor(0.5)],
            HEAD.replace("[site]", "[sight]"),
            "policy.yaml:5:15: slices.site.by[0]: expected a column of the evaluation",
        ),
        ([floor(0.5)], HEAD.replace("[site]", "[sight]"), "got 'sight'; did you mean 'site'?"),
        (
            [floor(0.5)],
            HEAD.replace("by: [site]", 'where: "site > 3"'),
            "policy.yaml:5:17: slices.site.where: predicate, character",
        ),
        (
            [floor(0.5)],
            HEAD + "dataset: {group: scene}\n",
            "dataset.group: expected a column of the evaluation",
        ),
        (
            ["  - {id: r, type: min, metric: recall, class: cracked, value: 0.5}\n"],
            HEAD,
            "rules[0].class: expected a class of the evaluation (ok, broken), got 'cracked'",
        ),
        (
            ["  - {id: r, type: max, metric: log_loss, value: 0.5}\n"],
            HEAD,
            "rules[0].metric: log_loss needs class probabilities, the evaluation holds none",
        ),
    ],
)
def test_what_a_policy_needs_and_the_evaluation_lacks_is_an_error_with_its_line(
    seatrial, write_policy, evaluations, rules, head, message
):
    policy = write_policy(*rules, head=head)
    code, _, err = seatrial("check-policy", policy, "--evaluation", evaluations / "new")
    assert code == 2
    assert message in err


def test_an_evaluation_that_is_none_is_an_error(seatrial, write_policy, tmp_path):
    code, _, err = seatrial("check-policy", write_policy(floor(0.5)), "--evaluation", tmp_path / "absent")
    assert code == 2
    assert "cannot read" in err


def test_the_schema_is_printed_for_editors(seatrial):
    import seatrial.gates as package

    code, out, _ = seatrial("check-policy", "--schema")
    assert code == 0
    assert out == (Path(package.__file__).parent / "policy.schema.json").read_text(encoding="utf-8")


def test_check_policy_without_a_file_says_what_it_needs(seatrial):
    code, _, err = seatrial("check-policy")
    assert code == 2
    assert err == "seatrial: check-policy needs a policy file, or --schema\n"

"""explain-policy, plan-test-set, scenarios and show-ledger, by the program."""

import json
import sys

import pyarrow as pa
import pytest

from seatrial.cli.app import main
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.gates import Policy, Verdict
from seatrial.gates.scenario import ScenarioSuite

POLICY = """\
apiVersion: seatrial/v1
task: classification
scenarios: scenarios.yaml
dataset: {max_uses: 3}
baseline: {on_missing: skip}
statistics: {replicates: 50}
slices:
  site: {by: [site]}
  dark: {where: "site == 'dark'"}
  light: {by: {lux: {bins: quantile, n: 4}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.8}
  - {id: sites, type: no_regression, metric: accuracy, slice: site}
  - {id: kept, type: non_inferior, metric: accuracy, margin: 0.02, severity: warn}
  - {id: solved, type: scenario}
  - {id: covered, type: coverage, slice: site, min_n: 40}
"""
SUITE = """\
apiVersion: seatrial/v1
# frozen for good
scenarios:
  fog:  # the incident
    because: incident 7
    expect: {metric: accuracy, min: 1}
    samples: [i0, i1]
"""


def write_evaluation(folder, name, wrong=(), n=200, content=None):
    """An evaluation in which some rows are wrong, with a content digest for each image."""
    table = pa.table(
        {
            "id": [f"i{row}" for row in range(n)],
            "uri": pa.nulls(n, pa.string()),
            "label": ["ok"] * n,
            "prediction": ["broken" if row in wrong else "ok" for row in range(n)],
            "confidence": pa.nulls(n, pa.float64()),
            "loss": pa.nulls(n, pa.float64()),
            "group": pa.nulls(n, pa.string()),
            "content": content or [f"sha256:{row}" for row in range(n)],
            "site": ["dark", "mono"] * (n // 2),
            "lux": [float(row) for row in range(n)],
        }
    )
    header = EvaluationHeader(
        "classification", ("ok", "broken"), name, f"sha256:{name}", "cells", "sha256:cells", n
    )
    EvaluationTable(header, table).write(folder / name)
    return folder / name


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "scenarios.yaml").write_text(SUITE, encoding="utf-8")
    write_evaluation(tmp_path, "new", wrong=(1, 8))
    write_evaluation(tmp_path, "champion", wrong=(3,))
    return tmp_path


@pytest.fixture
def seatrial(monkeypatch, capsys, folder):
    """Run the program in the folder: exit code, standard output, standard error."""

    def run(line, *more):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["seatrial", *line.split(), *more])
        with pytest.raises(SystemExit) as stop:
            main()
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return run


def judge(seatrial, candidate, ledger="--ledger uses.jsonl"):
    line = f"--evaluation {candidate} --baseline champion --policy policy.yaml --out s-{candidate}"
    code, out, err = seatrial(f"measure-slices {line} {ledger}")
    if code:
        return code, err
    line = f"--policy policy.yaml --slices s-{candidate} --out v-{candidate}"
    code, out, err = seatrial(f"decide-promotion {line} {ledger}")
    return code, out + err


def test_a_policy_is_told_in_plain_words(seatrial):
    code, out, _ = seatrial("explain-policy policy.yaml")
    assert code == 0
    for told in (
        "A model for classification.",
        "the alias 'champion' points at; rules that compare are skipped where there is none yet",
        "Intervals hold the truth in 95 of 100 cases; tests are made at level 0.05.",
        "A data set may judge 3 times.",
        "the first use is judged at level 0.03, the second at 0.0076, the last at 0.0034",
        "site: the samples, one slice for each value of site",
        "dark: the samples where site == 'dark'",
        "light: the samples, one slice for each of 4 ranges of lux (of as many samples)",
        "fog: accuracy of at least 100 % on 2 samples, because: incident 7",
        "solved: every scenario that the champion solves must stay solved (1 scenarios); blocks",
        "slice 'dark' is measured, but no rule judges it",
    ):
        assert told in out


def test_a_policy_is_printed_as_one_file_that_says_the_same(seatrial, folder):
    _, out, _ = seatrial("explain-policy policy.yaml --whole")
    assert Policy.parse(out, "whole").digest == Policy.load(folder / "policy.yaml").digest


def test_a_policy_needs_so_many_samples_on_each_slice(seatrial, folder):
    code, out, _ = seatrial(
        "plan-test-set policy.yaml --rate accuracy=0.9 --values site=2 --disagreement 0.06 --out plan.json"
    )
    assert code == 0
    needs = {one["rule"]: one for one in json.loads((folder / "plan.json").read_text())["needs"]}
    assert set(needs) == {"floor", "sites", "kept", "covered"}
    assert needs["floor"]["samples"]["0.8"] < needs["floor"]["samples"]["0.9"]
    assert needs["sites"]["slice"] == "each of site"
    assert needs["sites"]["assumed"] == "a loss of 0.05 on one of 2 slices, 0.11 disagreement"
    assert needs["covered"]["samples"] == {"0.8": 40, "0.9": 40}
    assert "each of site" in out


def test_a_plan_goes_by_an_earlier_report(seatrial, folder):
    judge(seatrial, "new")
    code, _, _ = seatrial("plan-test-set policy.yaml --slices s-new --out plan.json")
    assert code == 0
    needs = json.loads((folder / "plan.json").read_text())["needs"]
    assert [one["slice"] for one in needs if one["rule"] == "sites"] == ["site=dark", "site=mono"]
    assert all(one["at_hand"] == 100 for one in needs if one["rule"] == "sites")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "rule 'floor': say which accuracy is expected (--rate accuracy=0.9)"),
        ("--rate accuracy=0.9", "say how many slices 'site' has (--values site=12)"),
        ("--rate accuracy", "option --rate: expected such as accuracy=0.9, got 'accuracy'"),
        ("--rate acuracy=0.9", "rate: expected a metric, got 'acuracy'"),
        ("--rate accuracy=90", "accuracy: expected a share between 0 and 1, got 90"),
        ("--rate accuracy=0.9 --values sight=3", "values: expected an entry of slices, got 'sight'"),
        ("--rate accuracy=0.9 --values site=0", "values: expected at least 1 slice of 'site', got 0"),
    ],
)
def test_a_plan_without_its_assumptions_is_an_error(seatrial, line, problem):
    code, _, err = seatrial(f"plan-test-set policy.yaml {line}")
    assert code == 2
    assert problem in err


def test_samples_are_frozen_with_their_content_and_the_file_keeps_its_comments(seatrial, folder):
    code, out, _ = seatrial(
        "scenarios add scenarios.yaml dusk --evaluation new --id i4 --id i2 --added 2026-05-04 --because",
        "lens: flare",
    )
    assert (code, out) == (0, "dusk: 2 samples frozen → scenarios.yaml\n")
    text = (folder / "scenarios.yaml").read_text(encoding="utf-8")
    assert text.startswith(SUITE)
    (fog, dusk) = ScenarioSuite.load(folder / "scenarios.yaml")[0].scenarios.values()
    assert fog.samples == {"i0": None, "i1": None}
    assert dusk.samples == {"i4": "sha256:4", "i2": "sha256:2"}
    assert dusk.because == "lens: flare"
    _, out, _ = seatrial("scenarios list scenarios.yaml")
    assert "dusk: 2 samples, accuracy ≥ 1, frozen on 2026-05-04: lens: flare" in out


def test_a_new_file_is_begun_with_what_a_predicate_chooses(seatrial, folder):
    code, _, _ = seatrial(
        "scenarios add fresh.yaml dark --metric recall --class ok --min 0.9 --evaluation new --because x",
        "--where",
        "site == 'dark' and lux < 5",
    )
    assert code == 0
    (dark,) = ScenarioSuite.load(folder / "fresh.yaml")[0].scenarios.values()
    assert list(dark.samples) == ["i0", "i2", "i4"]
    assert (dark.expect.metric, dark.expect.class_, dark.expect.min) == ("recall", "ok", 0.9)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["fog", "--id", "i0"], "has a scenario 'fog' already: what is frozen stays"),
        (["a"], "expected either ids of samples or a predicate"),
        (["a", "--id", "i0", "--where", "lux > 3"], "expected either ids of samples or a predicate"),
        (["a", "--id", "i0", "--id", "j1"], "not among the samples that were evaluated: 'j1'"),
        (["a", "--where", "lux > 9999"], "no sample is chosen by 'lux > 9999'"),
        (["a", "--id", "i0", "--metric", "acuracy"], "expected a metric of classification (accuracy, "),
        (["a", "--id", "i0", "--metric", "miou"], "expected a metric of classification (accuracy, "),
        (["a", "--id", "i0", "--metric", "log_loss"], "log_loss is better when lower: say from which value"),
        (["a", "--id", "i0", "--metric", "recall", "--class", "bad"], "expected a class of the evaluation ("),
        (["a", "--id", "i0", "--min", "0.5", "--max", "0.6"], "expected either min or max, got both"),
    ],
)
def test_what_cannot_be_frozen_is_an_error_and_the_file_stays(seatrial, folder, arguments, problem):
    line = "scenarios add scenarios.yaml --evaluation new --because x"
    code, _, err = seatrial(line, *arguments)
    assert code == 2
    assert problem in err
    assert (folder / "scenarios.yaml").read_text(encoding="utf-8") == SUITE


def test_a_file_that_ends_in_another_key_is_an_error(seatrial, folder):
    (folder / "odd.yaml").write_text("scenarios: {}\napiVersion: seatrial/v1\n", encoding="utf-8")
    code, _, err = seatrial("scenarios add odd.yaml a --evaluation new --because x --id i0")
    assert code == 2
    assert "odd.yaml" in err


def test_it_is_told_which_scenarios_a_model_solves(seatrial):
    code, out, _ = seatrial("scenarios check scenarios.yaml --evaluation new --baseline champion")
    assert code == 1
    assert "NO LONGER SOLVED: fog: 0.5, champion 1 (accuracy ≥ 1 expected)" in out
    assert "0 of 1 scenarios solved" in out
    code, out, _ = seatrial("scenarios check scenarios.yaml --evaluation champion")
    assert code == 0
    assert "solved: fog: 1 (accuracy ≥ 1 expected)" in out


def test_a_frozen_sample_that_is_missing_or_another_is_an_error(seatrial, folder):
    (folder / "scenarios.yaml").write_text(SUITE.replace("[i0, i1]", "[i0, i999]"), encoding="utf-8")
    code, _, err = seatrial("scenarios check scenarios.yaml --evaluation new")
    assert code == 2
    assert "slice 'scenario:fog': expected 2 frozen samples, 1 of them are not among those evaluated" in err
    changed = SUITE.replace("[i0, i1]", "{i0: 'sha256:0', i1: 'sha256:old'}")
    (folder / "scenarios.yaml").write_text(changed, encoding="utf-8")
    code, err = judge(seatrial, "new")
    assert code == 2
    assert "'i1' was sha256:old, it is sha256:1" in err


def test_a_candidate_that_loses_a_scenario_is_refused(seatrial, folder):
    code, _ = judge(seatrial, "new")
    assert code == 1
    verdict = Verdict.read(folder / "v-new" / "verdict.json")
    (lost,) = [one for one in verdict.decisions if one.rule == "solved"]
    assert (lost.slice, str(lost.outcome)) == ("scenario:fog", "fail")
    assert "no longer solved, the champion reaches 100.0 %" in lost.reason


def test_each_use_of_a_test_set_is_counted_once_and_judged_at_what_is_left(seatrial, folder):
    for name in ("second", "third", "fourth"):
        write_evaluation(folder, name)
    numbers, alphas = [], []
    for name in ("new", "second", "new", "third"):
        judge(seatrial, name)
        use = json.loads((folder / f"v-{name}" / "verdict.json").read_text())["inputs"]["use"]
        numbers.append(use["number"])
        alphas.append(round(use["alpha"], 5))
    assert numbers == [1, 2, 1, 3]
    assert alphas == [0.0304, 0.0076, 0.0304, 0.00338]
    assert len((folder / "uses.jsonl").read_text().splitlines()) == 3
    code, err = judge(seatrial, "fourth")
    assert code == 2
    assert "'cells' was used 3 times, the policy allows at most 3: judge on a fresh test set" in err
    _, out, _ = seatrial("show-ledger policy.yaml --ledger uses.jsonl --dataset sha256:cells")
    assert "sha256:cells: used 3 times, at most 3\nnothing is left" in out


def test_what_is_left_of_alpha_is_told(seatrial):
    judge(seatrial, "new")
    _, out, _ = seatrial("show-ledger policy.yaml --ledger uses.jsonl --slices s-new")
    assert "0.0304 of alpha 0.05 is spent; use 2 is judged at level 0.007599" in out


def test_a_limited_test_set_without_a_ledger_is_an_error(seatrial, folder):
    code, err = judge(seatrial, "new", ledger="")
    assert code == 2
    assert "the policy allows at most 3 uses of a data set: say where uses are counted (--ledger)" in err


def test_slices_that_were_measured_for_another_use_are_an_error(seatrial, folder):
    write_evaluation(folder, "second")
    line = "--baseline champion --policy policy.yaml --ledger uses.jsonl"
    for name in ("new", "second"):
        seatrial(f"measure-slices --evaluation {name} --out s-{name} {line}")
    line = "--policy policy.yaml --ledger uses.jsonl"
    assert seatrial(f"decide-promotion --slices s-new --out v-new {line}")[0] == 1
    code, out, _ = seatrial(f"decide-promotion --slices s-second --out v-second {line}")
    assert code == 4
    assert "alpha 0.00759909 of use 2 of the data set asks for" in out


def test_a_ledger_that_was_edited_is_an_error(seatrial, folder):
    judge(seatrial, "new")
    (folder / "uses.jsonl").write_text("{}\n")
    code, err = judge(seatrial, "new")
    assert code == 2
    assert "uses.jsonl:1: not a use of a data set" in err

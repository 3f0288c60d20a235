"""The step writes groups, slices, causes and members; the slices go into a policy and measure."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
import yaml
from typer.testing import CliRunner

from seatrial.cli.find_blind_spots import find_blind_spots as verb
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.gates import Policy
from seatrial.mining.causes import Causes
from seatrial.slices import SliceSpec
from seatrial.steps import decide_promotion, find_blind_spots, measure_slices

_SPEC = importlib.util.spec_from_file_location(
    "planted_evaluations", Path(__file__).parents[1] / "mining" / "conftest.py"
)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
build_planted = _MODULE.build_planted


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blind")
    build_planted().write(folder / "evaluation")
    build_planted(seed=5, dataset="sha256:next").write(folder / "next")
    build_planted(model="sha256:old", worse=2).write(folder / "champion")
    build_planted(seed=9, usual=0.01, night=0.01, place=0.01, dataset="sha256:train").write(folder / "train")
    return folder


@pytest.fixture(scope="module")
def report(folder):
    return find_blind_spots.run(
        folder / "evaluation", folder / "out", train=folder / "train", baseline=folder / "champion"
    )


@pytest.fixture(scope="module")
def written(report, folder):
    return json.loads((folder / "out" / "blind_spots.json").read_text())


def test_all_that_was_found_is_written(written, report, folder):
    assert {path.name for path in (folder / "out").iterdir()} == set(find_blind_spots.WRITTEN)
    first = written["groups"][0]
    assert first["confirmed"]
    assert first["support"] >= first["errors"] == len(report.found.groups[0].errors)
    assert first["low"] <= first["effect"] <= first["high"]
    assert SliceSpec.model_validate(first["slice"]).discovered.confirmed.p == pytest.approx(
        first["p"], rel=1e-3
    )
    assert {one["attribute"] for one in written["importance"]} == {"label", "light", "site", "brightness"}
    assert sum(one["count"] for one in written["cells"]) == written["metrics"]["errors"]
    ids = build_planted().samples.column("id").to_pylist()
    assert set(first["samples"]) <= set(ids)


def test_the_members_are_written_with_their_groups(written, folder):
    table = pq.read_table(folder / "out" / "groups.parquet").to_pandas()
    for group in written["groups"]:
        own = table[table["group"] == group["name"]]
        assert len(own) == group["support"]
        assert own["error"].sum() == group["errors"]
        listed = own[own["error"]]["id"].tolist()
        assert listed[: len(group["samples"])] == group["samples"]
    assert {name.split("blind")[0] for name in table["group"]} >= {"", "fixed-"}


def test_every_error_has_a_cause_and_every_group_one(written, folder):
    causes = Causes.read(folder / "out" / "causes.parquet")
    assert len(causes) == written["metrics"]["errors"]
    for group in written["groups"]:
        assert sum(group["cause"]["counts"].values()) == group["errors"]
        assert group["cause"]["action"]


def test_the_champions_regression_is_what_the_candidate_fixed(written):
    comparison = written["comparison"]
    assert comparison["fixed"] > comparison["broken"]
    assert comparison["fixed_groups"][0]["title"] == "site=2"
    assert comparison["fixed_groups"][0]["name"] == "fixed-blind-spot-1"
    assert comparison["fixed_groups"][0]["confirmed"]
    assert not any(one["confirmed"] for one in comparison["broken_groups"])


@pytest.fixture(scope="module")
def policy(report, folder):
    slices = yaml.safe_load((folder / "out" / "proposed_slices.yaml").read_text())["slices"]
    rules = [
        {
            "id": name,
            "type": "min",
            "metric": "accuracy",
            "value": 0.7,
            "slice": name,
            "severity": "block",
        }
        for name in slices
    ]
    fields = {
        "apiVersion": "seatrial/v1",
        "task": "classification",
        "statistics": {"replicates": 20},
        "defaults": {"min_n": 5},
        "slices": slices,
        "rules": rules,
    }
    path = folder / "policy.yaml"
    path.write_text(yaml.safe_dump(fields))
    return path


def test_the_proposed_slices_are_those_of_a_policy(policy):
    loaded = Policy.load(policy)
    assert "blind-spot-1" in loaded.slices
    assert any(spec.cluster is not None for spec in loaded.slices.values())
    assert all(spec.discovered.holds(0.05) for spec in loaded.slices.values())


@pytest.mark.parametrize("name", ["evaluation", "next"])
def test_the_proposed_slices_are_measured_on_this_and_on_another_evaluation(name, policy, folder, tmp_path):
    measured = measure_slices.run(folder / name, tmp_path / "slices", policy=policy)
    whole = measured.find("all", "accuracy").candidate.value
    spots = [one for one in Policy.load(policy).slices if one.startswith("blind")]
    for one in spots:
        row = measured.find(one, "accuracy")
        assert row.n > 20
        assert row.candidate.value < whole, one
    assert all(measured.find(one, "accuracy").candidate.value < 0.5 for one in spots[:2])
    verdict = decide_promotion.run(policy, tmp_path / "slices", tmp_path / "verdict")
    outcomes = {one.rule: str(one.outcome) for one in verdict.decisions}
    assert outcomes[spots[0]] == "fail"


def test_the_same_input_gives_the_same_bytes(report, folder, tmp_path):
    find_blind_spots.run(
        folder / "evaluation", tmp_path / "again", train=folder / "train", baseline=folder / "champion"
    )
    for name in find_blind_spots.WRITTEN:
        assert (tmp_path / "again" / name).read_bytes() == (folder / "out" / name).read_bytes(), name


def test_people_read_what_matters(report, folder):
    page = (folder / "out" / "blind_spots.md").read_text()
    assert page.startswith("# Blind spots of net\n")
    for part in (
        "blind-spot-1",
        "The confusion beside it",
        "Attributes that matter",
        "Groups that were fixed",
    ):
        assert part in page
    # a group has one name, here and as a slice
    slices = yaml.safe_load((folder / "out" / "proposed_slices.yaml").read_text())["slices"]
    named = [name for name in slices if f"\n- **{name}**, the worst first: " in page]
    assert named == list(slices)
    assert any(name.startswith("fixed-") for name in named)
    assert report.metrics["confirmed_blind_spots"] >= 2
    assert report.metrics["errors_explained"] > 0.5


def test_a_name_that_is_markdown_stays_a_name(tmp_path):
    table = build_planted(usual=0.05)
    samples = table.samples.rename_columns(
        ["li|ght [x](y)" if name == "light" else name for name in table.samples.column_names]
    )
    named = pa.array([f"a_{one}" for one in samples["id"].to_pylist()])
    samples = samples.set_column(samples.column_names.index("id"), "id", named)
    EvaluationTable(table.header, samples, table.scores).write(tmp_path / "evaluation")
    find_blind_spots.run(tmp_path / "evaluation", tmp_path / "out")
    page = (tmp_path / "out" / "blind_spots.md").read_text()
    assert "li\\|ght \\[x\\](y)=night" in page
    # in code, nothing is Markdown
    assert "`a_" in page
    assert "a\\_" not in page
    slices = yaml.safe_load((tmp_path / "out" / "proposed_slices.yaml").read_text())["slices"]
    assert any("`li|ght [x](y)` == 'night'" in one.get("where", "") for one in slices.values())


def test_a_shard_is_not_searched(tmp_path):
    from dataclasses import replace

    table = build_planted(n=30)
    replace(table, header=replace(table.header, shard=(0, 2))).write(tmp_path / "evaluation")
    with pytest.raises(InputError, match="is shard 1 of 2: merge the shards first"):
        find_blind_spots.run(tmp_path / "evaluation", tmp_path / "out")


def test_the_verb_prints_the_groups(folder, tmp_path):
    program = typer.Typer()
    program.command()(verb)
    done = CliRunner().invoke(
        program,
        [
            *("--evaluation", str(folder / "evaluation"), "--out", str(tmp_path / "out")),
            *("--most", "5", "--order", "2"),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "groups that fail more often than the rest" in done.output
    assert "of the errors in them →" in done.output.replace("\n", " ")
    told = json.loads((tmp_path / "out" / "blind_spots.json").read_text())
    assert told["options"]["conjunctions"]["order"] == 2
    assert np.isfinite(list(told["metrics"].values())).all()

import json

import numpy as np
import pyarrow as pa
import pytest

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.slices import SliceReport
from seatrial.steps import measure_slices

POLICY = """\
apiVersion: seatrial/v1
dataset: {group: scene}
statistics: {alpha: 0.1, replicates: 60, seed: 5}
slices:
  night: {where: "night == true"}
  light: {by: {brightness: {bins: quantile, n: 2}}}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.5, severity: block}
"""


def write(folder, *, seed, n=80, shift=0.0):
    truth = np.random.default_rng(0).integers(0, 2, n)
    source = np.random.default_rng(seed)
    taken = np.where(source.random(n) < 0.8, truth, 1 - truth)
    names = np.array(["ok", "broken"])
    table = pa.table(
        {
            "id": [f"i{row}" for row in range(n)],
            "uri": pa.nulls(n, pa.string()),
            "label": names[truth].tolist(),
            "prediction": names[taken].tolist(),
            "confidence": pa.nulls(n, pa.float64()),
            "loss": pa.nulls(n, pa.float64()),
            "group": pa.nulls(n, pa.string()),
            "content": pa.nulls(n, pa.string()),
            "scene": [row // 4 for row in range(n)],
            "night": [bool(row % 3) for row in range(n)],
            "camera": [f"camera {row}" for row in range(n)],
            "lens": ["wide"] * n,
            "boxes": [[row] for row in range(n)],
            "width": [300.0] * n,
            "brightness": np.linspace(0, 1, n) + shift,
        }
    )
    header = EvaluationHeader(
        "classification", ("ok", "broken"), f"model-{seed}", f"sha256:{seed}", "cells", "sha256:cells", n
    )
    EvaluationTable(header, table).write(folder)
    return folder


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


def test_a_policy_names_the_slices_the_statistics_and_the_groups(tmp_path, policy):
    report = measure_slices.run(write(tmp_path / "new", seed=1), tmp_path / "out", policy=policy)
    assert {row.family for row in report.rows} == {"all", "night", "light"}
    header = report.header
    assert (header["confidence"], header["replicates"], header["seed"]) == (0.9, 60, 5)
    assert (header["group"], header["groups"], header["resampled_by"]) == ("scene", 20, "group")
    assert header["policy"].startswith("sha256:")
    assert SliceReport.read(tmp_path / "out") == report


def test_without_a_policy_every_attribute_that_divides_is_an_axis(tmp_path):
    report = measure_slices.run(write(tmp_path / "new", seed=1), tmp_path / "out", replicates=20)
    assert set(report.slices) == {"scene", "night", "brightness"}
    assert report.slices["brightness"] == {"by": {"brightness": {"edges": [0.25, 0.5, 0.75]}}}
    assert len(report.slices["scene"]["by"]["scene"]["edges"]) == 3
    assert report.header["left_out"] == {
        "camera": "has another value on each sample",
        "lens": "has one value only",
        "boxes": "holds list<element: int64>",
        "width": "has one value only",
    }


def test_two_runs_write_the_same_bytes(tmp_path, policy):
    new, champion = write(tmp_path / "new", seed=1), write(tmp_path / "champion", seed=2)
    for name in ("one", "other"):
        measure_slices.run(new, tmp_path / name, baseline=champion, policy=policy)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["confusion.parquet", "slice_report.json", "slice_report.parquet"]
    assert all(
        (tmp_path / "one" / one).read_bytes() == (tmp_path / "other" / one).read_bytes() for one in files
    )
    assert str(tmp_path) not in (tmp_path / "one" / "slice_report.json").read_text()


def test_the_report_names_what_it_was_made_from(tmp_path, policy):
    new, champion = write(tmp_path / "new", seed=1), write(tmp_path / "champion", seed=2)
    header = measure_slices.run(new, tmp_path / "out", baseline=champion, policy=policy).header
    assert header["candidate"] == {"model": "model-1", "digest": "sha256:1", "options": "", "failures": 0}
    assert header["baseline"] == {"model": "model-2", "digest": "sha256:2", "options": "", "failures": 0}
    assert header["evaluation"] == EvaluationTable.digest(new)
    assert header["baseline_evaluation"] == EvaluationTable.digest(champion)
    assert header["dataset"] == {
        "name": "cells",
        "digest": "sha256:cells",
        "n": 80,
        "labelled": 80,
        "size": 80,
    }


def test_the_bins_of_an_earlier_report_are_used_again(tmp_path, policy):
    first = measure_slices.run(write(tmp_path / "june", seed=1), tmp_path / "one", policy=policy)
    july = write(tmp_path / "july", seed=1, shift=0.3)
    fitted_anew = measure_slices.run(july, tmp_path / "two", policy=policy)
    again = measure_slices.run(july, tmp_path / "three", policy=policy, bins_of=tmp_path / "one")
    assert again.slices == first.slices != fitted_anew.slices
    assert {row.slice for row in again.rows} == {row.slice for row in first.rows}


def test_bins_of_other_slices_cannot_be_used(tmp_path, policy):
    new = write(tmp_path / "new", seed=1)
    measure_slices.run(new, tmp_path / "one", policy=policy)
    policy.write_text(POLICY.replace("light: {by: {brightness", "dim: {by: {brightness"))
    with pytest.raises(InputError, match="holds no bins of slices 'dim'"):
        measure_slices.run(new, tmp_path / "two", policy=policy, bins_of=tmp_path / "one")
    assert not (tmp_path / "two").exists()


def test_metrics_and_replicates_can_be_chosen(tmp_path, policy):
    report = measure_slices.run(
        write(tmp_path / "new", seed=1), tmp_path / "out", policy=policy, metrics=["accuracy"], replicates=7
    )
    assert {row.metric for row in report.rows} == {"accuracy"}
    assert report.header["replicates"] == 7


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            ("night == true", "nigth == true"),
            r"slice 'night': predicate, character 1: unknown column 'nigth' \(did you mean 'night'\?\)",
        ),
        (
            ("night == true", "night == 1"),
            "predicate, character 10: column 'night' holds true/false, cannot be compared with 1",
        ),
        (("night == true", "night = true"), "predicate, character 7: '=' is not an operator"),
        (("group: scene", "group: scent"), r"unknown column 'scent' \(did you mean 'scene'\?\)"),
        (("brightness:", "camera:"), "attribute 'camera' holds no numbers to put into bins"),
        (('where: "night == true"', "by: [camera]"), "attribute 'camera' has 80 values, at most 50"),
    ],
)
def test_a_policy_that_does_not_fit_the_data_writes_nothing(tmp_path, policy, change, problem):
    policy.write_text(POLICY.replace(*change))
    with pytest.raises(InputError, match=problem):
        measure_slices.run(write(tmp_path / "new", seed=1), tmp_path / "out", policy=policy)
    assert not (tmp_path / "out").exists()


def test_an_evaluation_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match="cannot read .*evaluation.json"):
        measure_slices.run(tmp_path / "nowhere", tmp_path / "out")


def test_a_failed_run_leaves_the_earlier_report(tmp_path, policy):
    new = write(tmp_path / "new", seed=1)
    measure_slices.run(new, tmp_path / "out", policy=policy)
    before = (tmp_path / "out" / "slice_report.json").read_bytes()
    policy.write_text(POLICY.replace("night == true", "noon == true"))
    with pytest.raises(InputError):
        measure_slices.run(new, tmp_path / "out", policy=policy)
    assert (tmp_path / "out" / "slice_report.json").read_bytes() == before
    assert json.loads(before)["schema_version"] == 1


def test_without_replicates_progress_counts_slices(tmp_path, policy, capsys):
    report = measure_slices.run(
        write(tmp_path / "new", seed=1), tmp_path / "out", policy=policy, replicates=0
    )
    count = len({row.slice for row in report.rows})
    assert f"measure slices: {count}/{count} slices in " in capsys.readouterr().err

"""The pipeline ``data_quality`` on photographs of signed digits with planted trouble, and a real MLflow."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest
from PIL import Image

from seatrial.quality import QualityReport

pytestmark = [pytest.mark.shared_data, pytest.mark.slow, pytest.mark.timeout(600)]

POLICY = """
apiVersion: seatrial/v1
task: classification
rules:
  - {id: readable, type: data, check: broken, max_count: 0, severity: block}
  - {id: leakage, type: data, check: split_leakage, max_count: 0, severity: block}
  - {id: darkness, type: data, check: dark, max_count: 0, severity: warn}
"""

CLASSES = "0123"
EACH = 8


@pytest.fixture(scope="module")
def photographs(shared_data, tmp_path_factory):
    """Eight photographs a class to hold against, eight others with four kinds of trouble among them."""
    folder = tmp_path_factory.mktemp("digits")
    for name in CLASSES:
        found = sorted((shared_data / "sign_digits" / "Dataset" / name).glob("*.JPG"))
        found = [path for path in found if path.stat().st_size < 100_000][: 2 * EACH]
        for number, path in enumerate(found):
            place = folder / ("train" if number < EACH else "new") / name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place / f"{number:02}.jpg")
    new = folder / "new"
    whole = (new / "0" / "09.jpg").read_bytes()
    (new / "0" / "09.jpg").write_bytes(whole[: len(whole) // 2])
    dark = np.asarray(Image.open(new / "1" / "09.jpg")) // 16
    Image.fromarray(dark).save(new / "1" / "09.png")
    (new / "1" / "09.jpg").unlink()
    Image.open(new / "2" / "09.jpg").save(new / "2" / "again.png")
    Image.open(folder / "train" / "3" / "00.jpg").save(new / "3" / "seen.png")
    (folder / "policy.yaml").write_text(POLICY)
    return folder


def seatrial(folder, *line, **environment):
    return subprocess.run(
        [sys.executable, "-m", "seatrial", *line],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def checked(photographs, server):
    """The pipeline's end, with a suite of the photographs that came before."""
    done = seatrial(photographs, "propose-expectations", "--reference", "images:train", "--out", "suite.json")
    assert done.returncode == 0, done.stderr
    line = ["data-quality", "--dataset", "images:new", "--reference", "images:train", "--suite", "suite.json"]
    line += ["--policy", "policy.yaml", "--export", "csv,coco,cvat,label-studio", "--out", "checked"]
    return seatrial(photographs, *line, "--tracking-uri", server, "--experiment", "data")


def test_the_run_is_refused_by_the_rules_that_the_trouble_breaks(checked):
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "REFUSED: the data are refused: readable on broken" in checked.stdout
    assert "leakage on split_leakage" in checked.stdout
    assert "darkness" not in checked.stdout


def test_every_planted_trouble_is_found_and_named(checked, photographs):
    report = QualityReport.read(photographs / "checked" / "quality")
    named = {
        check: set() for check in ("broken", "dark", "exact_duplicates", "split_leakage", "expectations")
    }
    for one in report.findings:
        if one.check in named:
            named[one.check] |= set(one.sample_ids)
    assert named["broken"] == {"0/09.jpg"}
    assert named["dark"] == {"1/09.png"}
    assert named["exact_duplicates"] == {"2/09.jpg", "2/again.png"}
    assert named["split_leakage"] == {"3/seen.png"}
    assert "1/09.png" in named["expectations"]  # darker than any photograph before


def test_the_findings_are_a_run_in_mlflow(checked, server):
    client = mlflow.MlflowClient(tracking_uri=server)
    experiment = client.get_experiment_by_name("data")
    (run,) = client.search_runs([experiment.experiment_id])
    metrics = run.data.metrics
    assert (metrics["data/broken"], metrics["data/dark"], metrics["data/split_leakage"]) == (1, 1, 1)
    assert metrics["data_total/errors"] >= 2
    assert run.data.params["dataset.n"] == "34"
    assert run.info.status == "FINISHED"
    assert run.inputs.dataset_inputs[0].dataset.name == "new"
    assert (
        f"recorded: {server}/#/experiments/{experiment.experiment_id}/runs/{run.info.run_id}"
        in checked.stdout
    )
    pages = {one.path for one in client.list_artifacts(run.info.run_id, "quality")}
    wanted = (
        "findings.html",
        "great_expectations.html",
        "cvat.xml",
        "label_studio.json",
        "labelling_coco.json",
    )
    assert {f"quality/{name}" for name in wanted} <= pages


def test_mlflow_shows_the_findings_as_a_table(checked, server, tmp_path):
    client = mlflow.MlflowClient(tracking_uri=server)
    (run,) = client.search_runs([client.get_experiment_by_name("data").experiment_id])
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [{"path": "findings.json", "type": "table"}]
    file = Path(client.download_artifacts(run.info.run_id, "findings.json", str(tmp_path)))
    table = json.loads(file.read_text(encoding="utf-8"))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert rows[0]["severity"] == "error"
    (broken,) = [row for row in rows if row["check"] == "broken"]
    assert broken["first samples"] == "0/09.jpg"


def test_what_is_to_be_fixed_begins_with_the_worst(checked, photographs):
    body = json.loads((photographs / "checked" / "quality" / "labelling_coco.json").read_text())
    first = {one["file_name"] for one in body["images"][:4]}
    assert {"0/09.jpg", "3/seen.png"} & first
    assert all(one["reason"] for one in body["images"])


def test_publishing_the_same_findings_again_completes_their_run(checked, photographs, server):
    line = [
        "publish-quality",
        "--quality",
        "checked/quality",
        "--experiment",
        "data",
        "--tracking-uri",
        server,
    ]
    done = seatrial(photographs, *line)
    assert done.stdout.startswith("published again"), done.stdout + done.stderr
    client = mlflow.MlflowClient(tracking_uri=server)
    assert len(client.search_runs([client.get_experiment_by_name("data").experiment_id])) == 1


def test_without_a_server_and_a_policy_nothing_is_recorded_or_refused(photographs):
    environment = {"MLFLOW_TRACKING_URI": ""}
    done = seatrial(photographs, "data-quality", "--dataset", "images:new", "--out", "alone", **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("PASS")
    log = (photographs / "alone" / "run.log").read_text()
    assert "no MLflow server is named: nothing is published" in log
    assert "no policy was given: nothing is refused" in log


def test_the_same_rules_judge_without_a_pipeline(checked, photographs):
    line = ["judge-data", "--policy", "policy.yaml", "--quality", "checked/quality"]
    done = seatrial(photographs, *line)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0].startswith("fail: broken: ")

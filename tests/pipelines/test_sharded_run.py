"""``sharded_post_training`` through Kubeflow's local executor: eight shards, one of them killed once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model
from seatrial_components.evaluation import evaluate, evaluated, merged

OPTIONS = {"classes": ["dark", "light"], "preprocess": {"resize": None, "crop": None}}
POLICY = """\
apiVersion: seatrial/v1
baseline: {on_missing: skip}
statistics: {replicates: 20}
defaults: {min_n: 2}
rules: [{id: floor, type: min, metric: accuracy, value: 0.4, use: point, severity: block}]
"""
FRAIL = """\
import os, pathlib, signal
import torch

class Frail(torch.nn.Module):
    '''A small convolution; the process that sees the last image first dies of it, once.'''

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
            torch.nn.Linear(8, 2),
        )

    def forward(self, images):
        marker = pathlib.Path(os.environ["FRAIL_MARKER"])
        if float(images.mean()) > 0.6 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.layers(images)

def build():
    return Frail().eval()
"""
RUN = """\
import json, sys, warnings
from kfp import local
from seatrial_components.resources import Cluster, on_cluster
from seatrial_pipelines.sharded_post_training import sharded_post_training

warnings.simplefilter("ignore")
root, arguments = sys.argv[1], json.loads(sys.argv[2])
cluster = Cluster.model_validate({"tasks": {"evaluate_model": {"retries": 2, "backoff": 1}}})
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root)
on_cluster(sharded_post_training, cluster)(**arguments)
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sharded")
    generator = np.random.default_rng(1)
    for name, level in (("dark", 60), ("light", 190)):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(48):
            pixels = generator.normal(level, 40, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "images" / name / f"{number:02}.png")
    (folder / "frail.py").write_text(FRAIL)
    (folder / "run.py").write_text(RUN)
    return folder


@pytest.fixture(scope="module")
def finished(case) -> tuple[Path, str]:
    """Run the pipeline; gives the folder of its tasks and what was printed."""
    arguments = {
        "model": "python:frail:build",
        "dataset": f"images:{case / 'images'}",
        "policy": POLICY,
        "shards": 8,
        "model_options": json.dumps(OPTIONS),
        "tracking_uri": f"sqlite:///{case / 'mlflow.db'}",
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(case),
        "FRAIL_MARKER": str(case / "died"),
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }
    done = subprocess.run(
        [sys.executable, str(case / "run.py"), str(case / "root"), json.dumps(arguments)],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return next((case / "root").iterdir()), done.stdout + done.stderr


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.timeout(600)
class TestEightShards:
    def test_shard_that_was_killed_was_started_again(self, case, finished):
        folder, told = finished
        assert (case / "died").exists()
        assert "failed (attempt 1/3). Retrying" in told
        assert len(list(folder.glob("for-loop-*-iteration-*/evaluate-model/evaluation"))) == 8

    def test_merged_evaluation_is_that_of_a_single_process(self, case, finished, tmp_path, monkeypatch):
        folder, _ = finished
        monkeypatch.syspath_prepend(case)
        monkeypatch.setenv("FRAIL_MARKER", str(case / "died"))
        options = ModelOptions.parse(OPTIONS, "options")
        evaluate_model.run(
            "python:frail:build", f"images:{case / 'images'}", tmp_path / "whole", options=options
        )
        assert _files(folder / "merge-shards" / "evaluation") == _files(tmp_path / "whole")

    def test_absent_champion_stays_absent(self, finished):
        assert evaluated(str(finished[0] / "merge-shards-2" / "evaluation")) is None

    def test_run_comes_to_its_verdict(self, finished):
        verdict = json.loads((finished[0] / "decide-promotion" / "verdict" / "verdict.json").read_text())
        assert verdict["outcome"] == "pass"

    def test_nobody_is_told_where_no_destination_is_named(self, finished):
        assert "nobody is told: SEATRIAL_NOTIFY names no destination" in finished[1]


@pytest.fixture(scope="module")
def shards(case, tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("parts")
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(case)
        patch.setenv("FRAIL_MARKER", str(case))
        for index in range(3):
            made.append(str(folder / str(index)))
            options = json.dumps(OPTIONS)
            evaluate(
                "python:frail:build",
                f"images:{case / 'images'}",
                made[-1],
                options=options,
                shard=f"{index}/3",
            )
    return made


def test_shards_in_any_order_make_the_whole(shards, tmp_path):
    table = merged([shards[2], shards[0], shards[1]], str(tmp_path / "out"))
    assert table is not None
    assert len(table) == 96


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0, 2], r"expected shards 0 to 2 of 3, once each, got \[\(0, 3\), \(2, 3\)\]"),
        ([0, 1, 1], r"expected shards 0 to 2 of 3, once each"),
        ([], "merge needs at least one shard"),
    ],
)
def test_missing_or_doubled_shard_is_an_error_not_a_smaller_data_set(shards, chosen, message, tmp_path):
    with pytest.raises(InputError, match=message):
        merged([shards[index] for index in chosen], str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_shard_without_a_model_among_others_is_an_error(shards, tmp_path):
    evaluate("", "images:nowhere", str(tmp_path / "none"))
    with pytest.raises(InputError, match="expected 3 shards of one evaluation, 1 of them had no model"):
        merged([*shards[:2], str(tmp_path / "none")], str(tmp_path / "out"))


def test_rows_that_went_missing_are_noticed(shards, tmp_path):
    table = EvaluationTable.read(Path(shards[1]))
    cut = EvaluationTable(table.header, table.samples.slice(1), table.scores[1:], table.embeddings[1:])
    cut.write(tmp_path / "cut")
    with pytest.raises(InputError, match="expected the data set's 96 images in all shards, got 95"):
        merged([shards[0], str(tmp_path / "cut"), shards[2]], str(tmp_path / "out"))

"""A model trained on real images, judged by ``seatrial run`` as its owner would."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from seatrial.gates import Verdict
from seatrial.inference import ModelOptions
from seatrial.slices.report import SliceReport
from seatrial.steps import evaluate_model


@dataclass(frozen=True)
class Judged:
    """What ``seatrial run`` left behind.

    Attributes:
        folder: Where model, configuration and policy lie.
        model: The configuration's section.
        code: Exit code.
        screen: What was printed.
    """

    folder: Path
    model: dict[str, object]
    code: int
    screen: str

    @property
    def page(self) -> str:
        return (self.folder / "out" / "report.html").read_text()

    @property
    def verdict(self) -> Verdict:
        return Verdict.read(self.folder / "out" / "verdict" / "verdict.json")

    @property
    def slices(self) -> SliceReport:
        return SliceReport.read(self.folder / "out" / "slices")

    @property
    def published(self) -> str:
        """The verdict that MLflow shows."""
        with contextlib.closing(sqlite3.connect(self.folder / "mlflow.db")) as database:
            found = database.execute("SELECT value FROM tags WHERE key = 'seatrial.verdict'").fetchall()
        return found[0][0]

    def evaluated(self, dataset: str, name: str) -> Path:
        """Evaluate the same model against another truth."""
        options = {key: value for key, value in self.model.items() if key != "uri"}
        out = self.folder / name
        model = str(self.folder / str(self.model["uri"]))
        evaluate_model.run(model, dataset, out, options=ModelOptions.parse(options, "the test"))
        return out


@pytest.fixture(scope="module")
def one_thread():
    """Train on one core: as fast as on two that others use, and the same weights on any machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def judge(one_thread):
    """Write a TorchScript file, a configuration and a policy, and run them with one command."""

    def run(folder, network, size, options, dataset, policy):
        torch.jit.save(torch.jit.trace(network.eval(), torch.zeros(1, 3, *size)), folder / "model.pt")
        preprocess = {"resize": list(size), "crop": None, "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0]}
        model = {"uri": "model.pt", "preprocess": preprocess, **options}
        config = {
            "model": model,
            "dataset": dataset,
            "policy": "policy.yaml",
            "mlflow": {"tracking_uri": "sqlite:///mlflow.db"},
            "out": "out",
        }
        (folder / "seatrial.yaml").write_text(json.dumps(config))
        (folder / "policy.yaml").write_text(policy)
        done = subprocess.run(
            [sys.executable, "-m", "seatrial", "run", "--config", "seatrial.yaml"],
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=560,
        )
        return Judged(folder, model, done.returncode, done.stdout + done.stderr)

    return run

"""The example of a training pipeline: compiled, and run as its text says."""

import subprocess
import sys
import warnings
from pathlib import Path

import mlflow
import pytest
import yaml

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_and_promote.py"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLE), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=560)


def test_example_compiles_with_the_judgement_nested(tmp_path):
    done = _run(str(tmp_path))
    assert done.returncode == 0, done.stderr
    spec = next(iter(yaml.safe_load_all((tmp_path / "train_and_promote.yaml").read_text())))
    assert set(spec["root"]["dag"]["tasks"]) == {"train-digits", "name-dataset", "post-training"}
    assert "enforce" in spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_trained_model_is_judged_and_becomes_champion(tmp_path):
    done = _run("--run", str(tmp_path))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's store warns of its own deprecated loaders
        client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
        version = client.get_model_version_by_alias("digits", "champion")
        judged = client.get_run(version.tags["seatrial.evaluation_run"])
    assert version.tags["seatrial.verdict"] == "pass"
    assert judged.data.tags["mlflow.parentRunId"]
    assert judged.data.tags["kubeflow.pipeline"] == "post-training"
    assert judged.data.tags["seatrial.promotion"].startswith('{"alias": "champion", "changed": true')

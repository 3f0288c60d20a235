"""The demo, as a new user starts it: real training, a refusal and a promotion on a real MLflow server."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seatrial.files import read_json
from seatrial.gates import Outcome, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Told:
    """A demo whose server still runs.

    Attributes:
        folder: Where it is.
        done: How its process ended, and what its terminal showed.
        model: The registered model, and the experiment.
        refused: Rules and slices for which candidate A is refused.
        metric: What its slices are measured by.
        family: A family of the policy's slices.
    """

    folder: Path
    done: subprocess.CompletedProcess[str]
    model: str
    refused: tuple[tuple[str, str], ...]
    metric: str
    family: str


TALES = {
    "classification": ("solar-cells", (("cell-type", "type=mono"),), "accuracy", "cell"),
    "detection": (
        "street-detector",
        (("light", "light=night"), ("crossing", "night_pedestrians")),
        "map_50_95",
        "light",
    ),
    "segmentation": (
        "street-segmenter",
        (("light", "light=night"), ("pedestrians", "light=night")),
        "miou",
        "light",
    ),
}


def _seatrial(*arguments):
    command = [sys.executable, "-m", "seatrial", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1790)


@pytest.fixture(scope="module", params=TALES)
def told(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "seatrial-demo"
    done = _seatrial("demo", "--task", request.param, "--folder", folder)
    yield Told(folder, done, *TALES[request.param])
    assert _seatrial("demo", "--stop", "--folder", folder).stdout == "stopped\n"


@pytest.fixture(scope="module")
def client(told):
    return MlflowClient(read_json(told.folder / "mlflow" / "server.json")["uri"])


def test_it_ends_with_a_refusal_and_a_promotion(told):
    output = told.done.stdout
    assert told.done.returncode == 0, output + told.done.stderr
    assert f"REFUSED  models:/{told.model}/2 against models:/{told.model}/1" in output
    assert f"promoted  {told.model} version 3 is champion" in output
    assert output.index("REFUSED") < output.index("version 3 is champion")


def test_the_refused_candidate_is_better_on_average_and_worse_on_a_slice(told):
    verdict = Verdict.read(told.folder / "runs" / "candidate-a" / "verdict" / "verdict.json")
    assert verdict.outcome is Outcome.FAIL
    assert tuple((one.rule, one.slice) for one in verdict.blocking()) == told.refused
    overall = next(one for one in verdict.decisions if one.rule == "overall")
    assert overall.value is not None
    assert overall.value > 0


def test_the_alias_points_at_the_third_version(told, client):
    assert client.get_model_version_by_alias(told.model, "champion").version == "3"


def test_each_evaluation_is_nested_under_its_training_with_slice_metrics_and_the_report(told, client):
    experiment = client.get_experiment_by_name(told.model)
    runs = client.search_runs([experiment.experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(runs) == 6
    assert sorted(run.data.tags["seatrial.verdict"] for run in children) == ["fail", "pass", "pass"]
    start = f"slice/{told.metric}/{told.family}/"
    for run in children:
        assert any(key.startswith(start) for key in run.data.metrics), sorted(run.data.metrics)
        assert "report.html" in [artifact.path for artifact in client.list_artifacts(run.info.run_id)]


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    done = _seatrial("demo", "--folder", tmp_path)
    assert done.returncode == 2
    assert "holds something else than a demo" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

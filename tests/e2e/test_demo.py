"""The demo, as a new user starts it: real training, a refusal and a promotion on a real MLflow server."""

import subprocess
import sys

import pytest
from mlflow import MlflowClient

from seatrial.files import read_json
from seatrial.gates import Outcome, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def _seatrial(*arguments):
    command = [sys.executable, "-m", "seatrial", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=890)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The folder of a demo whose server still runs, and what its terminal showed."""
    folder = tmp_path_factory.mktemp("demo") / "seatrial-demo"
    done = _seatrial("demo", "--folder", folder)
    yield folder, done
    assert _seatrial("demo", "--stop", "--folder", folder).stdout == "stopped\n"


@pytest.fixture(scope="module")
def client(told):
    return MlflowClient(read_json(told[0] / "mlflow" / "server.json")["uri"])


def test_it_ends_with_a_refusal_and_a_promotion(told):
    _, done = told
    assert done.returncode == 0, done.stdout + done.stderr
    assert "REFUSED  models:/solar-cells/2 against models:/solar-cells/1" in done.stdout
    assert "promoted  solar-cells version 3 is champion" in done.stdout
    assert done.stdout.index("REFUSED") < done.stdout.index("version 3 is champion")


def test_the_refused_candidate_is_better_on_average_and_worse_on_one_slice(told):
    verdict = Verdict.read(told[0] / "runs" / "candidate-a" / "verdict" / "verdict.json")
    assert verdict.outcome is Outcome.FAIL
    assert [(one.rule, one.slice) for one in verdict.blocking()] == [("cell-type", "type=mono")]
    overall = next(one for one in verdict.decisions if one.rule == "overall")
    assert overall.value is not None
    assert overall.value > 0


def test_the_alias_points_at_the_third_version(client):
    assert client.get_model_version_by_alias("solar-cells", "champion").version == "3"


def test_each_evaluation_is_nested_under_its_training_with_slice_metrics_and_the_report(client):
    experiment = client.get_experiment_by_name("solar-cells")
    runs = client.search_runs([experiment.experiment_id])
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(runs) == 6
    assert sorted(run.data.tags["seatrial.verdict"] for run in children) == ["fail", "pass", "pass"]
    for run in children:
        assert any(key.startswith("slice/accuracy/cell/") for key in run.data.metrics), sorted(
            run.data.metrics
        )
        assert "report.html" in [artifact.path for artifact in client.list_artifacts(run.info.run_id)]


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    done = _seatrial("demo", "--folder", tmp_path)
    assert done.returncode == 2
    assert "holds something else than a demo" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

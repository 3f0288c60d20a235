"""The compiled pipelines: golden files, Kubeflow's own loader, what may be cached, who waits for whom."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kfp import components

from seatrial_pipelines.compilation import PIPELINES

GOLDEN = Path(__file__).parents[2] / "pipelines" / "compiled"

#: Tasks that judge, count, write or tell: their inputs are more than their parameters.
NEVER_CACHED = {
    "resolve-inputs",
    "measure-slices",
    "decide-promotion",
    "fetch-verdict",
    "publish-run",
    "promote-model",
    "enforce",
    "notify",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    """Compile in a process of its own: without an image that the environment names."""
    out = tmp_path_factory.mktemp("compiled")
    command = [sys.executable, "-m", "seatrial", "compile", "--out", str(out)]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [f"written  {out / name}.yaml" for name in PIPELINES]
    return out


def _parts(path: Path) -> dict:
    return next(iter(yaml.safe_load_all(path.read_text(encoding="utf-8"))))


def _tasks(path: Path) -> dict[str, dict]:
    """Every task of a pipeline by its name, whatever block it is in."""
    spec = _parts(path)
    dags = [spec["root"], *spec["components"].values()]
    return {name: task for one in dags if "dag" in one for name, task in one["dag"]["tasks"].items()}


@pytest.fixture(scope="module")
def tasks(compiled):
    return _tasks(compiled / "post_training.yaml")


@pytest.mark.parametrize("name", PIPELINES)
def test_compiled_pipeline_changes_only_on_purpose(compiled, name):
    written = (compiled / f"{name}.yaml").read_text(encoding="utf-8")
    golden = GOLDEN / f"{name}.yaml"
    assert golden.exists()
    assert written == golden.read_text(encoding="utf-8"), "on purpose? make golden"


def test_no_golden_file_is_left_of_a_pipeline_that_is_gone():
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == set(PIPELINES)


@pytest.mark.parametrize("name", PIPELINES)
def test_kubeflows_loader_reads_it(compiled, name):
    loaded = components.load_component_from_file(str(compiled / f"{name}.yaml"))
    assert set(loaded.component_spec.inputs) == set(PIPELINES[name].component_spec.inputs)


@pytest.mark.parametrize("name", PIPELINES)
def test_what_counts_uses_judges_or_writes_is_never_cached(compiled, name):
    found = _tasks(compiled / f"{name}.yaml")
    cached = {task for task, one in found.items() if one.get("cachingOptions", {}).get("enableCache")}
    assert not cached & NEVER_CACHED


def test_what_only_computes_is_cached(tasks):
    cached = {name for name, task in tasks.items() if task.get("cachingOptions", {}).get("enableCache")}
    assert cached == {"evaluate-model", "evaluate-model-2", "check-data", "find-blind-spots", "render-report"}


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pod_has_limits(compiled, name):
    executors = _parts(compiled / f"{name}.yaml")["deploymentSpec"]["executors"]
    pods = {one: spec["container"] for one, spec in executors.items() if "container" in spec}
    without = {one for one, pod in pods.items() if not pod["resources"].get("resourceMemoryLimit")}
    assert pods
    assert not without


@pytest.mark.parametrize("task", ["evaluate-model", "evaluate-model-2", "check-data"])
def test_cache_follows_the_content_of_the_data(tasks, task):
    source = tasks[task]["inputs"]["parameters"]["dataset_digest"]["taskOutputParameter"]
    assert source == {"producerTask": "resolve-inputs", "outputParameterKey": "dataset_digest"}


@pytest.mark.parametrize(("task", "digest"), [("", "model_digest"), ("-2", "baseline_digest")])
def test_cache_follows_the_content_of_the_model(tasks, task, digest):
    source = tasks[f"evaluate-model{task}"]["inputs"]["parameters"]["model_digest"]["taskOutputParameter"]
    assert source == {"producerTask": "resolve-inputs", "outputParameterKey": digest}


@pytest.mark.parametrize(
    ("name", "judges"), [("post_training", "publish-run"), ("promotion_only", "fetch-verdict")]
)
def test_only_a_pass_promotes_and_only_after_publishing(compiled, name, judges):
    condition = _tasks(compiled / f"{name}.yaml")["condition-2"]
    assert condition["triggerPolicy"]["condition"].endswith("== 'pass'")
    assert judges in condition["dependentTasks"]


def test_enforcement_waits_for_the_record(tasks):
    assert "publish-run" in tasks["enforce"]["dependentTasks"]


def test_no_model_runs_before_the_inputs_are_checked(tasks):
    assert "resolve-inputs" in tasks["evaluate-model"]["dependentTasks"]
    assert "resolve-inputs" in tasks["evaluate-model-2"]["dependentTasks"]


@pytest.mark.parametrize("name", ["post_training", "sharded_post_training", "promotion_only"])
def test_people_are_told_however_it_ends(compiled, name):
    root = _parts(compiled / f"{name}.yaml")["root"]["dag"]["tasks"]
    assert root["notify"]["triggerPolicy"] == {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    assert root["notify"]["dependentTasks"] == ["exit-handler-1"]


@pytest.mark.parametrize("name", ["post_training", "sharded_post_training"])
def test_record_names_the_run_that_made_it(compiled, name):
    given = _tasks(compiled / f"{name}.yaml")["publish-run"]["inputs"]["parameters"]
    assert given["pipeline_run"]["runtimeValue"]["constant"] == "{{$.pipeline_job_uuid}}"
    assert given["pipeline_name"]["runtimeValue"]["constant"] == name.replace("_", "-")


def test_shards_are_retried_and_collected(compiled):
    found = _tasks(compiled / "sharded_post_training.yaml")
    for task in ("evaluate-model", "evaluate-model-2"):
        assert found[task]["retryPolicy"]["maxRetryCount"] == 2
        assert found[task]["inputs"]["artifacts"]["manifest"]
    assert "plan-shards" in found["for-loop-2"]["dependentTasks"]
    assert "for-loop-2" in found["merge-shards"]["dependentTasks"]
    assert found["check-data"]["inputs"]["artifacts"]["evaluation"]["taskOutputArtifact"] == {
        "producerTask": "merge-shards",
        "outputArtifactKey": "evaluation",
    }


def test_folder_that_cannot_be_written_is_one_line(program, tmp_path):
    (tmp_path / "file").write_text("")
    done = program("compile", "--out", tmp_path / "file" / "below")
    assert "cannot create folder" in str(done.exception)

"""The compiled pipeline: golden file, Kubeflow's own loader, what may be cached, who waits for whom."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kfp import components

GOLDEN = Path(__file__).parent / "golden" / "post_training.yaml"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory) -> Path:
    """Compile in a process of its own: without an image that the environment names."""
    out = tmp_path_factory.mktemp("compiled")
    command = [sys.executable, "-m", "seatrial", "compile", "--out", str(out)]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=True)
    assert done.stdout == f"written  {out / 'post_training.yaml'}\n"
    return out / "post_training.yaml"


@pytest.fixture(scope="module")
def tasks(compiled):
    return yaml.safe_load(compiled.read_text())["root"]["dag"]["tasks"]


def test_compiled_pipeline_changes_only_on_purpose(compiled):
    written = compiled.read_text(encoding="utf-8")
    assert written == GOLDEN.read_text(encoding="utf-8"), (
        f"on purpose? seatrial compile --out {GOLDEN.parent}"
    )


def test_kubeflows_loader_reads_it(compiled):
    loaded = components.load_component_from_file(str(compiled))
    assert set(loaded.component_spec.inputs) >= {"model", "dataset", "policy", "baseline", "reference"}


def test_what_counts_uses_judges_or_writes_is_never_cached(compiled, tasks):
    cached = {name for name, task in tasks.items() if task.get("cachingOptions", {}).get("enableCache")}
    assert cached == {"evaluate-model", "evaluate-model-2", "check-data", "render-report"}
    inner = yaml.safe_load(compiled.read_text())["components"]["comp-condition-1"]["dag"]["tasks"]
    assert inner["promote-model"]["cachingOptions"] == {}


@pytest.mark.parametrize("task", ["evaluate-model", "evaluate-model-2", "check-data"])
def test_cache_follows_the_content_of_the_data(tasks, task):
    source = tasks[task]["inputs"]["parameters"]["dataset_digest"]["taskOutputParameter"]
    assert source == {"producerTask": "resolve-inputs", "outputParameterKey": "dataset_digest"}


def test_only_a_pass_promotes_and_only_after_publishing(tasks):
    condition = tasks["condition-1"]
    assert condition["triggerPolicy"]["condition"].endswith("== 'pass'")
    assert "publish-run" in condition["dependentTasks"]


def test_enforcement_waits_for_the_record(tasks):
    assert "publish-run" in tasks["enforce"]["dependentTasks"]


def test_no_model_runs_before_the_inputs_are_checked(tasks):
    assert "resolve-inputs" in tasks["evaluate-model"]["dependentTasks"]
    assert "resolve-inputs" in tasks["evaluate-model-2"]["dependentTasks"]


def test_folder_that_cannot_be_written_is_one_line(program, tmp_path):
    (tmp_path / "file").write_text("")
    done = program("compile", "--out", tmp_path / "file" / "below")
    assert "cannot create folder" in str(done.exception)

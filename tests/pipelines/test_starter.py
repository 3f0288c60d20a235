"""``seatrial init``."""

import pytest

from seatrial.errors import InputError
from seatrial.gates import Policy
from seatrial.gates.rules import MetricRule
from seatrial_pipelines.config import RunConfig


@pytest.fixture
def started(program, tmp_path):
    done = program("init", tmp_path / "project")
    return done, tmp_path / "project"


def test_both_files_are_valid_as_they_are(started):
    _, folder = started
    config = RunConfig.load(folder / "seatrial.yaml")
    assert config.policy == str(folder / "policy.yaml")
    Policy.load(folder / "policy.yaml")


def test_everything_that_is_commented_out_is_valid_too(started):
    _, folder = started
    text = (folder / "policy.yaml").read_text()
    (folder / "policy.yaml").write_text(
        text.replace("  # site:", "  site:").replace("  # night:", "  night:")
    )
    assert set(Policy.load(folder / "policy.yaml").slices) == {"light", "dark", "site", "night"}
    lines = (folder / "seatrial.yaml").read_text().splitlines()
    keys = (
        "  # preprocess:",
        "  #   ",
        "  # outputs",
        "  # classes",
        "# baseline",
        "# reference",
        "  # reg",
        "  # al",
        "  # exp",
        "  # par",
    )
    text = "\n".join(line.replace("# ", "", 1) if line.startswith(keys) else line for line in lines)
    config = RunConfig.parse(text, "seatrial.yaml", folder)
    assert config.model.preprocess.resize == 256
    assert config.mlflow.alias == "champion"
    assert config.reference


@pytest.mark.parametrize(
    ("task", "metric", "kind"),
    [
        ("classification", "accuracy", "images"),
        ("detection", "map_50", "coco"),
        ("segmentation", "miou", "masks"),
    ],
)
def test_each_task_starts_from_its_own_metric_and_data_set(program, tmp_path, task, metric, kind):
    assert program("init", tmp_path, "--task", task).exit_code == 0
    policy = Policy.load(tmp_path / "policy.yaml")
    assert {rule.metric for rule in policy.rules if isinstance(rule, MetricRule)} == {metric}
    assert RunConfig.load(tmp_path / "seatrial.yaml").dataset.startswith(f"{kind}:")


def test_an_unknown_task_is_an_input_error(program, tmp_path):
    done = program("init", tmp_path / "new", "--task", "tracking")
    assert isinstance(done.exception, InputError)
    assert "expected one of classification, detection, segmentation" in str(done.exception)
    assert not (tmp_path / "new").exists()


def test_it_says_what_to_edit_and_run_next(started):
    done, folder = started
    assert f"edit {folder / 'seatrial.yaml'}" in done.stdout
    assert "--dry-run" in done.stdout


def test_files_that_are_there_stay(program, tmp_path):
    (tmp_path / "policy.yaml").write_text("mine")
    done = program("init", tmp_path)
    assert (tmp_path / "policy.yaml").read_text() == "mine"
    assert f"kept     {tmp_path / 'policy.yaml'}" in done.stdout
    assert (tmp_path / "seatrial.yaml").exists()


def test_folder_that_cannot_be_made_is_an_input_error(program, tmp_path):
    (tmp_path / "file").write_text("")
    done = program("init", tmp_path / "file" / "below")
    assert isinstance(done.exception, InputError)

"""What is found out before a model runs: each is one line, nothing is written, no alias moves."""

import subprocess
import sys
import time

import mlflow
import pytest

from seatrial.errors import InputError, PolicyError, SeatrialError, ServiceError
from seatrial_components.resolution import resolve
from seatrial_pipelines.config import RunConfig
from seatrial_pipelines.preflight import check

NAME = "preflight"


@pytest.fixture
def write(case, tmp_path):
    """Write a good configuration with one thing replaced; give its path."""

    def write(old: str = "", new: str = "", *, file: str = "seatrial.yaml"):
        path = case.write_config(tmp_path, "sound", NAME)
        text = (tmp_path / file).read_text()
        assert old in text
        (tmp_path / file).write_text(text.replace(old, new))
        return path

    return write


@pytest.fixture
def refusal(write):
    """Check a configuration that must be refused; give the message."""

    def refusal(*change: str, error: type[SeatrialError] = InputError, file: str = "seatrial.yaml") -> str:
        with pytest.raises(error) as caught:
            check(RunConfig.load(write(*change, file=file)))
        return str(caught.value)

    return refusal


def test_good_configuration_is_ready(write, case, tmp_path):
    plan = check(RunConfig.load(write()))
    assert plan.candidate == case.models["sound"]
    assert plan.champion == ""
    assert plan.out == tmp_path / "out"
    assert plan.arguments["baseline"] == f"models:/{NAME}@champion"


def test_dry_run_says_what_would_run_and_runs_nothing(write, program, case, tmp_path):
    done = program("run", "--config", write(), "--dry-run")
    assert done.exit_code == 0, done.output
    assert f"candidate  {case.models['sound']}" in done.stdout
    assert f"promotes   {NAME}@champion after a pass" in done.stdout
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("val.csv", "val.csv?label=truth"), "no column 'truth' (option label)"),
        (("policy: ", "reference: images:.\npolicy: "), "is empty: no file below"),
    ],
)
def test_dry_run_reads_the_data(write, program, tmp_path, change, message):
    done = program("run", "--config", write(*change), "--dry-run")
    assert message in str(done.exception)
    assert not isinstance(done.exception, SystemExit)


def test_dry_run_holds_the_policy_against_the_data(write, program):
    config = write("by: [site]", "by: [sight]", file="policy.yaml")
    assert "slices 'site': expected an attribute (site, " in str(
        program("run", "-c", config, "--dry-run").exception
    )


def test_dry_run_loads_the_model(write, program, case, tmp_path):
    (tmp_path / "model.pt2").write_bytes(b"no archive")
    config = write(case.models["sound"], "model.pt2")
    config.write_text(config.read_text().replace(f", registered_model: '{NAME}'", ""))
    assert "model.pt2 cannot be loaded" in str(program("run", "-c", config, "--dry-run").exception)


def test_missing_policy(refusal, tmp_path):
    message = refusal("policy: policy.yaml", "policy: rules.yaml", error=InputError)
    assert message == f"cannot read policy {tmp_path}/rules.yaml: No such file or directory"


def test_policy_with_a_mistake_names_its_line(refusal):
    message = refusal("metric: accuracy", "metric: acuracy", error=PolicyError, file="policy.yaml")
    assert "policy.yaml:8:" in message
    assert "did you mean 'accuracy'" in message


def test_missing_data(refusal):
    assert "no such file or folder: " in refusal("val.csv", "test.csv")


def test_unknown_reader(refusal):
    message = refusal("table:", "tabel:")
    assert (
        "expected one of coco, images, manifest, masks, table, voc, yolo before the colon, got 'tabel'"
        in message
    )


def test_data_in_a_store_that_is_not_installed(refusal, case):
    assert "cannot reach nowhere://bucket" in refusal(case.dataset, "images:nowhere://bucket/val")


def test_missing_model_file(refusal, case, tmp_path):
    assert refusal(case.models["sound"], "model.pt2") == f"model {tmp_path}/model.pt2: no such file"


def test_model_that_mlflow_does_not_know(refusal, case):
    uri = "models:/m-" + "0" * 32
    assert uri in refusal(case.models["sound"], uri)


def test_candidate_by_an_alias_that_is_not_set(refusal, case):
    message = refusal(case.models["sound"], "models:/nothing@candidate")
    assert message == "model models:/nothing@candidate: the alias is not set on any version"


def test_model_file_cannot_be_promoted(refusal, case, tmp_path):
    (tmp_path / "model.pt2").write_bytes(b"")
    message = refusal(case.models["sound"], "model.pt2")
    assert f"mlflow.registered_model is '{NAME}'" in message
    assert "not in MLflow" in message


def test_version_of_another_model_cannot_be_promoted(refusal, case, server):
    client = mlflow.MlflowClient(tracking_uri=server)
    client.create_registered_model("other")
    model_id = case.models["sound"].removeprefix("models:/")
    client.create_model_version("other", case.models["sound"], model_id=model_id)
    assert "a version of 'other'" in refusal(case.models["sound"], "models:/other/1")


def test_mlflow_that_does_not_answer_is_told_within_seconds(refusal, case):
    start = time.monotonic()
    message = refusal(case.server, "http://127.0.0.1:1", error=ServiceError)
    assert message == "MLflow at http://127.0.0.1:1 does not answer: connection refused"
    assert time.monotonic() - start < 30


def test_output_folder_that_cannot_be_made(refusal, tmp_path):
    (tmp_path / "file").write_text("")
    assert refusal("out: out", "out: file/below").startswith(
        f"cannot write into folder {tmp_path}/file/below"
    )


def test_output_folder_that_holds_something_else_is_left_alone(refusal, tmp_path):
    (tmp_path / "slices").mkdir()
    said = refusal("out: out", "out: .")
    assert said.startswith(
        f"cannot write folder {tmp_path}: expected none, an empty one or an earlier result"
    )
    assert (tmp_path / "slices").is_dir()


def test_program_says_it_in_one_line_and_exits_with_two(write):
    config = write("policy: policy.yaml", "policy: rules.yaml")
    command = [sys.executable, "-m", "seatrial", "run", "--config", str(config)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("seatrial: cannot read policy")


@pytest.fixture
def resolving(case, tmp_path, server):
    """Resolve with the case's inputs and a policy of one's own."""

    def resolving(policy: str, **changes: str):
        given = {"baseline": "", "reference": "", "tracking_uri": server, "dataset": case.dataset} | changes
        return resolve(case.models["sound"], policy=policy, policy_file=str(tmp_path / "policy"), **given)

    return resolving


def _policy(slices: str) -> str:
    rule = "{id: r, type: coverage, slice: s, min_n: 1}"
    return f"apiVersion: seatrial/v1\nslices: {{s: {slices}}}\nrules: [{rule}]\n"


def test_inputs_are_pinned_by_their_content(resolving, tmp_path):
    policy = _policy("{by: [site]}")
    first, second = resolving(policy), resolving(policy)
    assert first == second
    assert first.dataset_digest.startswith("sha256:")
    assert (tmp_path / "policy").read_text() == policy


@pytest.mark.parametrize("slices", ["{by: [size]}", "{where: \"size == 'B'\"}"])
def test_slice_that_the_data_cannot_give_is_found_before_a_model_runs(resolving, slices, tmp_path):
    with pytest.raises(InputError, match=r"slices 's': expected an attribute \(site, .*got 'size'.*'site'"):
        resolving(_policy(slices))
    assert not (tmp_path / "policy").exists()


def test_slices_by_what_an_evaluation_measures_are_fine(resolving):
    resolving(
        _policy("{by: {brightness: {bins: quantile, n: 2}}, where: \"confidence > 0.5 and site == 'A'\"}")
    )


def test_predicate_of_the_wrong_type_is_found_before_a_model_runs(resolving):
    with pytest.raises(InputError, match="slice 's'"):
        resolving(_policy('{where: "site > 3"}'))

"""``seatrial run`` end to end: real images, real models, Kubeflow's local executor, a real MLflow server."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest

from seatrial.digests import digest_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAME = "panels"
PROGRAM = (sys.executable, "-m", "seatrial")


@dataclass(frozen=True)
class Finished:
    """What a run of the program left behind."""

    code: int
    screen: str
    errors: str
    out: Path
    alias: str | None


@pytest.fixture(scope="module")
def client(server):
    return mlflow.MlflowClient(tracking_uri=server)


def _alias(client) -> str | None:
    found = client.search_registered_models(f"name = '{NAME}'")
    return dict(found[0].aliases).get("champion") if found else None


def _run(case, client, folder: Path, model: str, **more: str) -> Finished:
    return _judge(case.write_config(folder, model, NAME, **more), client)


def _judge(config: Path, client, *options: str) -> Finished:
    done = subprocess.run(
        [*PROGRAM, "run", "--config", str(config), *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=560,
    )
    return Finished(done.returncode, done.stdout, done.stderr, config.parent / "out", _alias(client))


@pytest.fixture(scope="module")
def voyage(case, client, tmp_path_factory) -> tuple[Finished, Finished]:
    """First a sound model without a champion, then one that fails at a site."""
    sound = _run(case, client, tmp_path_factory.mktemp("sound"), "sound")
    return sound, _run(case, client, tmp_path_factory.mktemp("tinted"), "tinted")


@pytest.fixture
def sound(voyage) -> Finished:
    return voyage[0]


@pytest.fixture
def refused(voyage) -> Finished:
    return voyage[1]


def test_sound_model_passes_and_becomes_champion(sound):
    assert sound.code == 0, sound.screen + sound.errors
    assert " PASS " in sound.screen
    assert sound.alias == "1"
    assert f"promoted  {NAME} version 1 is champion" in sound.screen


def test_model_that_fails_at_a_site_is_refused_and_the_alias_stays(refused):
    assert refused.code == 1, refused.screen + refused.errors
    assert " REFUSED " in refused.screen
    assert refused.alias == "1"


def test_refusal_names_the_slice_and_the_interval(refused):
    assert "floor on site=B: accuracy 50.0 % (95 % interval 33.6 % to 66.4 %, n = 32)" in refused.screen
    assert "sites on site=B: accuracy 50.0 points below the champion's" in refused.screen


def test_refusal_shows_no_traceback(refused):
    assert "Traceback" not in refused.screen + refused.errors
    assert "RuntimeError" not in refused.screen + refused.errors


def test_machinery_is_kept_in_the_log_and_off_the_screen(sound):
    assert "KFP Executor" not in sound.screen + sound.errors
    assert "Got executor_input" in (sound.out / "run.log").read_text()


def test_screen_tells_each_step_once(sound):
    for step in ("resolve inputs", "evaluate candidate", "check data", "measure slices", "promote model"):
        assert sound.errors.count(f"▸ {step}") == 1


@pytest.mark.parametrize(
    "place",
    [
        "evaluation/evaluation.json",
        "slices/slice_report.json",
        "quality/quality.json",
        "verdict/verdict.json",
    ],
)
def test_results_are_at_stable_places(sound, place):
    assert json.loads((sound.out / place).read_text())


def test_report_is_one_html_file(sound):
    assert (sound.out / "report.html").read_text().lstrip().lower().startswith("<!doctype html>")


def test_nothing_else_is_left_in_the_output_folder(sound, refused):
    names = {"evaluation", "quality", "slices", "verdict", "blind_spots", "report.html", "run.log"}
    assert {path.name for path in sound.out.iterdir()} == names
    assert {path.name for path in refused.out.iterdir()} == names | {"baseline"}


def test_verdict_compares_with_the_pinned_version(refused):
    inputs = json.loads((refused.out / "verdict" / "verdict.json").read_text())["inputs"]
    assert inputs["baseline"]["model"] == f"models:/{NAME}/1"


def test_both_runs_are_recorded_below_the_training_run(voyage, client, case):
    experiment = client.get_run(case.training_run).info.experiment_id
    children = client.search_runs(
        [experiment], filter_string=f"tags.`mlflow.parentRunId` = '{case.training_run}'"
    )
    assert sorted(run.data.tags["seatrial.verdict"] for run in children) == ["fail", "pass"]
    for finished in voyage:
        assert "/runs/" in finished.screen


def _results(out: Path) -> dict[str, bytes]:
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "run.log"]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def test_another_policy_runs_no_model_and_gives_the_bytes_of_a_fresh_run(case, client, refused):
    policy, config = refused.out.parent / "policy.yaml", refused.out.parent / "seatrial.yaml"
    policy.write_text(policy.read_text().replace("value: 0.7", "value: 0.6"))
    judged = _judge(config, client)
    reused, errors = _results(judged.out), judged.errors
    fresh = _judge(config, client, "--fresh")
    assert (judged.code, fresh.code) == (1, 1), errors + fresh.errors
    assert errors.count("64 images as in an earlier run, the model was not run") == 2
    assert "evaluate: 64/64 images" not in errors
    assert fresh.errors.count("evaluate: 64/64 images") == 2
    assert reused == _results(fresh.out)
    assert b'"limit":0.6' in reused["verdict/verdict.json"]


def _with_password(config: Path) -> Path:
    config.write_text(config.read_text().replace("http://", "http://ann:s3cret@"))
    return config


def test_run_that_was_killed_is_simply_started_again_and_keeps_the_password(case, client, sound, tmp_path):
    config = _with_password(case.write_config(tmp_path, "tinted", NAME))
    killed = subprocess.Popen(
        [*PROGRAM, "run", "--config", str(config)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    for line in killed.stderr:
        if "publish run" in line:
            break
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert list((tmp_path / "out").glob(".run.*"))
    again = _judge(config, client)
    assert again.code == 1, again.errors
    assert again.errors.count("the model was not run") == 2
    assert not list((tmp_path / "out").glob(".*"))
    digest = digest_file(tmp_path / "out" / "verdict" / "verdict.json")
    experiment = client.get_run(case.training_run).info.experiment_id
    found = client.search_runs([experiment], filter_string=f"tags.`seatrial.verdict_digest` = '{digest}'")
    assert [run.info.status for run in found] == ["FINISHED"]
    client.download_artifacts(found[0].info.run_id, "", str(tmp_path / "out"))
    told = [again.screen, again.errors, str(found[0].to_dictionary())]
    told += [path.read_text(errors="replace") for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not [text for text in told if "s3cret" in text]


def test_error_of_a_step_is_one_line_and_exit_code_two(case, client, tmp_path):
    (tmp_path / "empty").mkdir()
    config = case.write_config(tmp_path, "sound", NAME)
    config.write_text(config.read_text().replace(case.dataset, "images:empty"))
    done = subprocess.run(
        [*PROGRAM, "run", "--config", str(config)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("seatrial: data set images:")
    assert "is empty" in done.stderr
    assert "Traceback" not in done.stderr

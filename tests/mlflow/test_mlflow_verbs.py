"""The verbs as a shell sees them: output, exit code, and nothing heavy before it is needed."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("tracking")


def seatrial(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "seatrial", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )


def test_a_refused_promotion_is_one_line_and_exit_code_1(client, registered, results, digest_of):
    name, _ = registered("other")
    registered("pickle")
    judged, compared = (f"models:/{name}/{version}" for version in (2, 1))
    verdict = results((judged, digest_of(judged)), (compared, digest_of(compared)), "fail").arguments[
        "verdict"
    ]
    ended = seatrial("promote-model", "--verdict", verdict)
    assert ended.returncode == 1
    assert ended.stderr.startswith("seatrial: refused: the verdict is fail, only a pass promotes: sites on")
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""
    assert str(client.get_model_version_by_alias(name, "champion").version) == "1"


def test_publishing_and_promoting_say_where_to_look(client, registered, results, digest_of, tracking):
    name, _ = registered("other")
    registered("pickle")
    judged, compared = (f"models:/{name}/{version}" for version in (2, 1))
    given = results((judged, digest_of(judged)), (compared, digest_of(compared)), "pass").arguments
    ended = seatrial("publish-run", "--verdict", given["verdict"], "--slices", given["slices"])
    assert (ended.returncode, ended.stdout.startswith("published: "), tracking in ended.stdout) == (
        0,
        True,
        True,
    )
    ended = seatrial("promote-model", "--verdict", given["verdict"], "--dry-run")
    assert ended.stdout == f"{name}@champion would point at version 2 (before: version 1)\n"
    ended = seatrial("promote-model", "--verdict", given["verdict"])
    assert ended.returncode == 0
    assert "the registry has no gate, so it enforces nothing" in ended.stderr
    assert ended.stdout == f"{name}@champion now points at version 2 (before: version 1)\n"
    assert str(client.get_model_version_by_alias(name, "champion").version) == "2"


def test_a_dry_run_prints_what_it_would_log(results):
    given = results(("model.pt2", "sha256:1")).arguments
    ended = seatrial("publish-run", "--verdict", given["verdict"], "--slices", given["slices"], "--dry-run")
    assert json.loads(ended.stdout)["metrics"]["accuracy"] == 0.9


def test_an_unreachable_server_is_one_line_and_exit_code_2(results, free_port):
    given = results(("model.pt2", "sha256:1")).arguments
    ended = seatrial(
        *("publish-run", "--verdict", given["verdict"], "--slices", given["slices"]),
        *("--tracking-uri", f"http://127.0.0.1:{free_port}"),
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="1",
    )
    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"seatrial: MLflow at http://127.0.0.1:{free_port} does not answer: connection refused\n"
    )


def test_importing_the_verbs_imports_no_mlflow():
    code = "import sys, seatrial_mlflow.commands; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

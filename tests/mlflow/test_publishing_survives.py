"""Killed publishers, publishers at the same moment, and a server that restarts: always one whole run."""

import hashlib
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from seatrial.slices import SliceRow
from seatrial.statistics import Estimate
from seatrial_mlflow import publish_run
from seatrial_mlflow.publishing.evaluation_run import claim
from seatrial_mlflow.publishing.publication import VERDICT_DIGEST

pytestmark = pytest.mark.usefixtures("tracking")


@pytest.fixture(scope="module")
def processes():
    """Make processes that have MLflow imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow", "pyarrow.parquet", "seatrial_mlflow.publish_run"])
    return context


@pytest.fixture
def arguments(logged, digest_of, results):
    """One refused verdict on a logged model."""
    uri, other = logged.uri("pickle"), logged.uri("other")
    return results((uri, digest_of(uri)), (other, digest_of(other)), "fail").arguments


@pytest.fixture
def parent(client, logged):
    """Make training runs, so that one verdict can be published in several places."""

    def make() -> str:
        return client.create_run(logged.experiment_id).info.run_id

    return make


def evaluations(client, experiment_id, parent=None):
    runs = client.search_runs([experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'" if parent else "")
    return [run for run in runs if VERDICT_DIGEST in run.data.tags]


def files(client, run_id, folder, path=None):
    for one in client.list_artifacts(run_id, path):
        if one.is_dir:
            yield from files(client, run_id, folder, one.path)
        else:
            content = Path(client.download_artifacts(run_id, one.path, str(folder))).read_bytes()
            yield one.path, hashlib.sha256(content).hexdigest()


def state(client, logged, parent, folder):
    """Everything that MLflow holds of the evaluations below a run, but for ids and times."""
    found = []
    for run in evaluations(client, logged.experiment_id, parent):
        run_id = run.info.run_id
        model = client.get_logged_model(logged.model_ids["pickle"])
        folder.mkdir(exist_ok=True)
        found.append(
            {
                "status": run.info.status,
                "name": run.info.run_name,
                "tags": {key: value for key, value in run.data.tags.items() if key != "mlflow.parentRunId"},
                "params": {
                    key: value if key != "verdict_run" else value == run_id
                    for key, value in run.data.params.items()
                },
                "metrics": {
                    key: (value, len(client.get_metric_history(run_id, key)) if key == "recall" else 1)
                    for key, value in run.data.metrics.items()
                },
                "of the model": sorted((m.key, m.value) for m in model.metrics if m.run_id == run_id),
                "data sets": [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs],
                "models": [i.model_id for i in run.inputs.model_inputs],
                "files": dict(files(client, run_id, folder)),
            }
        )
    return found


def publish_until(processes, wire, arguments, parent, last):
    """Publish in a process that is killed after its ``last`` request; gives its exit code."""
    wire.requests.clear()
    given = {**arguments, "parent_run": parent, "tracking_uri": wire.uri}
    process = processes.Process(target=publish_run.run, kwargs=given)
    wire.after = lambda number: os.kill(process.pid, signal.SIGKILL) if number == last else None
    process.start()
    process.join(60)
    return process.exitcode


@pytest.mark.slow
def test_killed_at_any_point_and_run_again_it_is_the_same_run(
    client, logged, arguments, parent, processes, wire, tmp_path
):
    undisturbed = parent()
    assert publish_until(processes, wire, arguments, undisturbed, None) == 0
    expected = state(client, logged, undisturbed, tmp_path / "undisturbed")
    assert len(expected) == 1
    assert (expected[0]["status"], len(expected[0]["files"])) == ("FINISHED", 13)
    steps = [path.partition("?")[0].rpartition("/")[2] for _, path, _ in wire.requests]
    last_value = max(number for number, step in enumerate(steps, start=1) if step == "log-batch")
    for last in [*range(3, last_value + 3), len(steps) - 1]:
        one = parent()
        assert publish_until(processes, wire, arguments, one, last) == -signal.SIGKILL
        publish_run.run(**arguments, parent_run=one)
        assert state(client, logged, one, tmp_path / f"{last}") == expected, f"after {steps[:last]}"


def test_publishers_at_the_same_moment_make_one_run(
    client, server, logged, arguments, parent, processes, tmp_path
):
    alone = parent()
    publish_run.run(**arguments, parent_run=alone)
    expected = state(client, logged, alone, tmp_path / "alone")
    one = parent()
    given = {**arguments, "parent_run": one, "tracking_uri": server}
    together = [processes.Process(target=publish_run.run, kwargs=given) for _ in range(4)]
    for process in together:
        process.start()
    for process in together:
        process.join(120)
    assert [process.exitcode for process in together] == [0, 0, 0, 0]
    assert state(client, logged, one, tmp_path / "together") == expected


def test_claims_at_the_same_moment_open_one_run(client, logged, parent):
    with ThreadPoolExecutor(8) as pool:
        for digest in map(str, range(5)):
            one = parent()
            key = (VERDICT_DIGEST, digest)

            def take(_, parent=one, key=key):
                return claim(client, logged.experiment_id, key, parent=parent, name="race")

            claimed = list(pool.map(take, range(8)))
            assert len({run.info.run_id for run, _ in claimed}) == 1
            assert sum(made for _, made in claimed) <= 1
            (left,) = evaluations(client, logged.experiment_id, one)
            assert left.info.run_id == claimed[0][0].info.run_id


def test_what_dead_publishers_left_behind_is_removed(client, logged, arguments, parent):
    one, digest = parent(), publish_run.run(**arguments, dry_run=True).logged["tags"][VERDICT_DIGEST]
    tags = {VERDICT_DIGEST: digest, "mlflow.parentRunId": one}
    left = [client.create_run(logged.experiment_id, tags=tags, start_time=1000 + n) for n in range(3)]
    client.log_param(left[1].info.run_id, "verdict_run", left[0].info.run_id)
    published = publish_run.run(**arguments, parent_run=one)
    assert (published.run_id, published.created) == (left[0].info.run_id, False)
    assert [run.info.run_id for run in evaluations(client, logged.experiment_id, one)] == [published.run_id]


def test_a_run_that_somebody_deleted_is_published_anew(client, logged, arguments, parent):
    one = parent()
    first = publish_run.run(**arguments, parent_run=one)
    client.delete_run(first.run_id)
    second = publish_run.run(**arguments, parent_run=one)
    assert second.created
    assert [run.info.run_id for run in evaluations(client, logged.experiment_id, one)] == [second.run_id]


@pytest.mark.slow
def test_a_server_that_restarts_in_the_middle_is_waited_for(
    running_server, results, tmp_path, wire_to, free_port
):
    import mlflow

    folder = tmp_path / "server"
    folder.mkdir()
    arguments = results(("model.pt2", "sha256:1"), dataset="restarted").arguments
    with ExitStack() as servers:
        first = ExitStack()
        wire = wire_to(first.enter_context(running_server(folder, free_port)))
        threads = []

        def restart():
            first.close()
            servers.enter_context(running_server(folder, free_port))

        def in_the_middle(number):
            if number == 9:
                threads.append(threading.Thread(target=restart))
                threads[0].start()
                time.sleep(0.5)  # the answer to this one arrives; the server is gone before the next

        wire.after = in_the_middle
        published = publish_run.run(**arguments, tracking_uri=wire.uri)
        threads[0].join()
        client = mlflow.MlflowClient(wire.uri)
        again = client.get_run(published.run_id)
        assert len(evaluations(client, again.info.experiment_id)) == 1
        assert again.info.status == "FINISHED"
        assert len(again.data.metrics) == published.metrics
        assert len(list(files(client, published.run_id, tmp_path))) == 13


def test_two_hundred_metrics_take_less_than_a_second(wire, logged, digest_of, results, parent):
    rows = [
        SliceRow(
            *(f"site={n}", "site", {"site": f"{n}"}, "image", "recall", None, 9), Estimate(0.5, 0.4, 0.6, 9)
        )
        for n in range(300)
    ]
    uri = logged.uri("pickle")
    arguments = results((uri, digest_of(uri)), dataset="two hundred", rows=rows).arguments
    wire.requests.clear()
    published = publish_run.run(**arguments, parent_run=parent(), tracking_uri=wire.uri)
    batches = [seconds for _, path, seconds in wire.requests if path.endswith("log-batch")]
    assert (published.metrics, published.left_out, len(batches)) == (200, 111, 2)
    assert sum(batches) <= 1

"""The test-set ledger, counted from runs of a real MLflow server."""

import pytest

from seatrial.errors import ServiceError
from seatrial.gates.ledger import Use, number_of
from seatrial_mlflow.publishing.publication import USE, VERDICT_DIGEST
from seatrial_mlflow.uses import TrackedUses, open_uses


@pytest.fixture
def tracked(client):
    """Write a run as ``publish-run`` does, with the id of its use."""

    def make(dataset, use, *, start, experiment="ledger", verdict="sha256:v"):
        known = client.get_experiment_by_name(experiment)
        number = known.experiment_id if known else client.create_experiment(experiment)
        tags = {VERDICT_DIGEST: verdict} | ({USE: use} if use else {})
        run = client.create_run(number, start_time=start, tags=tags)
        client.log_param(run.info.run_id, "dataset_digest", dataset)
        return run.info.run_id

    return make


def test_uses_are_counted_once_the_oldest_first_over_all_experiments(server, tracked):
    tracked("sha256:a", "two", start=200)
    tracked("sha256:a", "one", start=100, experiment="another")
    tracked("sha256:a", "two", start=300)
    tracked("sha256:b", "three", start=50)
    source = TrackedUses(server)
    assert source.uses("sha256:a") == ["one", "two"]
    assert number_of(Use("sha256:a", "two"), source) == 2
    assert number_of(Use("sha256:a", "new"), source) == 3
    assert source.uses("sha256:unheard-of") == []


def test_a_deleted_run_was_a_use_all_the_same(client, server, tracked):
    client.delete_run(tracked("sha256:deleted", "one", start=100))
    assert TrackedUses(server).uses("sha256:deleted") == ["one"]


def test_a_run_without_the_id_of_its_use_counts_by_its_verdict(server, tracked):
    for verdict in ("sha256:1", "sha256:2", "sha256:1"):
        tracked("sha256:older", None, start=100, verdict=verdict)
    assert len(TrackedUses(server).uses("sha256:older")) == 2


def test_the_ledger_is_on_the_server_that_the_environment_names(tracking, tracked):
    tracked("sha256:named", "one", start=100)
    assert open_uses("").uses("sha256:named") == ["one"]


def test_a_server_that_does_not_answer_is_an_error_and_no_empty_ledger(free_port):
    with pytest.raises(ServiceError):
        open_uses(f"http://127.0.0.1:{free_port}").uses("sha256:a")

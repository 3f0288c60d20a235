"""What cannot be published now is written down, and published later as if it had been."""

import json
import shutil

import pytest

from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial_mlflow import publish_run
from seatrial_mlflow.publishing.offline import read_publication


@pytest.fixture
def written(results, tmp_path):
    """A publication that was written offline."""
    arguments = results(("model.pt2", "sha256:1"), dataset="offline").arguments
    return arguments, tmp_path / "offline", publish_run.run(**arguments, offline=tmp_path / "offline")


@pytest.fixture(autouse=True)
def unreachable(monkeypatch):
    """Nobody listens where MLflow is said to be."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)


def test_a_replay_leaves_what_publishing_would_have_left(client, server, written, tmp_path):
    arguments, folder, planned = written
    moved = shutil.move(folder, tmp_path / "moved")
    replayed = publish_run.replay(moved, tracking_uri=server, out=tmp_path / "published.json")
    assert (planned.run_id, replayed.created) == ("", True)
    assert replayed.logged == planned.logged
    assert read_json(tmp_path / "published.json")["run_id"] == replayed.run_id
    before = client.get_run(replayed.run_id)
    direct = publish_run.run(**arguments, tracking_uri=server)
    after = client.get_run(direct.run_id)
    assert (direct.run_id, direct.created) == (replayed.run_id, False)
    assert (after.data.tags, after.data.params, after.data.metrics) == (
        before.data.tags,
        before.data.params,
        before.data.metrics,
    )


def test_a_folder_is_byte_for_byte_the_same_each_time(written, tmp_path):
    arguments, folder, _ = written
    publish_run.run(**arguments, offline=tmp_path / "second")
    assert (folder / "publication.json").read_bytes() == (tmp_path / "second/publication.json").read_bytes()


def test_where_it_was_to_go_is_remembered(results, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", "abc")
    arguments = results(("model.pt2", "sha256:1")).arguments
    publish_run.run(**arguments, offline=tmp_path / "offline", parent_run="p1", experiment="night")
    publication, request = read_publication(tmp_path / "offline")
    assert (request.parent_run, request.experiment, request.pipeline_run) == ("p1", "night", "abc")
    assert publication.tags["seatrial.pipeline_run"] == "abc"


def test_a_file_that_was_changed_on_the_way_is_refused(written):
    (written[1] / "artifacts" / "report.html").write_text("May it go live? Yes!")
    with pytest.raises(InputError, match=r"report\.html was changed: expected sha256:\w+, got sha256:\w+"):
        publish_run.replay(written[1])


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["run_metrics"].update({"accuracy": 0.999}),
        lambda body: body["subject"].update(candidate_digest="sha256:2"),
        lambda body: body.pop("digest"),
    ],
)
def test_a_value_that_was_changed_on_the_way_is_refused(written, change):
    file = written[1] / "publication.json"
    body = read_json(file)
    change(body)
    file.write_text(json.dumps(body))
    with pytest.raises(InputError, match=r"publication\.json was changed: expected "):
        publish_run.replay(written[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body.pop("subject"), "not a complete publication: 'subject'"),
        (lambda body: body.pop("metrics", body.pop("tags")), "not a complete publication: 'tags'"),
        (lambda body: body.update(schema_version=9), "expected a publication of schema_version 1"),
        (lambda body: body["artifacts"].update({"../../etc": "x"}), "expected the artifact ../../etc"),
    ],
)
def test_a_broken_folder_is_one_line(written, change, message):
    file = written[1] / "publication.json"
    body = read_json(file)
    change(body)
    del body["digest"]
    file.write_text(json.dumps(body | {"digest": digest_json(body)}))
    with pytest.raises(InputError, match=message):
        publish_run.replay(written[1])


def test_an_absent_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*publication\.json"):
        publish_run.replay(tmp_path / "nothing")


def test_somebody_else_s_folder_is_not_replaced(written, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(InputError, match=r"found 'diary\.txt'"):
        publish_run.run(**written[0], offline=tmp_path / "mine")

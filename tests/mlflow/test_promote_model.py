"""The alias moves after a pass, for the model that was judged, away from the champion that was compared."""

import contextlib
import shutil
import socket
import threading

import pytest

from seatrial.errors import InputError, ServiceError
from seatrial.files import read_json, write_json
from seatrial_mlflow import promote_model
from seatrial_mlflow.publishing.description import VERSION_LIMIT, describe_version
from seatrial_mlflow.registry import alias_version, version_of_alias
from seatrial_mlflow.subject import read_verdict

pytestmark = pytest.mark.usefixtures("tracking")


@pytest.fixture
def verdict_on(digest_of, results):
    """A verdict on a candidate against a champion, both by URI."""

    def write(candidate, baseline=None, outcome="pass"):
        judged = (candidate, digest_of(candidate))
        compared = None if baseline is None else (baseline, digest_of(baseline))
        return results(judged, compared, outcome).arguments["verdict"]

    return write


@pytest.fixture
def contest(registered, verdict_on):
    """A champion (version 1) and a candidate (version 2) with a verdict on them."""

    def write(outcome="pass"):
        name, _ = registered("other")
        registered("pickle")
        return name, verdict_on(f"models:/{name}/2", f"models:/{name}/1", outcome)

    return write


def champion(client, name):
    return str(client.get_model_version_by_alias(name, "champion").version)


def test_a_pass_moves_the_alias_and_tells_the_version_why(client, contest, logged):
    name, verdict = contest()
    promotion = promote_model.run(verdict, evaluation_run="abc")
    assert promotion == promote_model.Promotion(name, "2", "champion", "1", changed=True, dry_run=False)
    assert champion(client, name) == "2"
    version = client.get_model_version(name, "2")
    assert version.tags["seatrial.verdict"] == "pass"
    assert version.tags["seatrial.verdict_digest"].startswith("sha256:")
    assert version.tags["seatrial.evaluation_run"] == "abc"
    assert version.description.startswith("## ✓ Seatrial: passed")


def test_promoting_again_changes_nothing(client, contest):
    name, verdict = contest()
    promote_model.run(verdict)
    before = client.get_model_version(name, "2")
    again = promote_model.run(verdict)
    after = client.get_model_version(name, "2")
    assert not again.changed
    assert champion(client, name) == "2"
    assert (after.tags, after.description) == (before.tags, before.description)


def test_what_people_wrote_about_a_version_stays(client, contest):
    name, verdict = contest()
    client.update_model_version(name, "2", "Trained on the spring cells.")
    for _ in range(2):
        promote_model.run(verdict)
    text = client.get_model_version(name, "2").description
    assert text.startswith("Trained on the spring cells.\n\n## ✓ Seatrial: passed")
    assert text.count("Seatrial: passed") == 1


@pytest.mark.parametrize("length", [0, 4000, 4970, 4990, 5000])
def test_a_description_fits_however_much_people_wrote(contest, length):
    verdict, subject = read_verdict(contest()[1])
    written = "x" * length
    described = describe_version(written, verdict, subject)
    assert described.startswith(written)
    assert len(described) <= VERSION_LIMIT
    assert describe_version(described, verdict, subject) == described


@pytest.mark.parametrize("kind", ["logged model", "run"])
def test_a_model_that_is_not_registered_yet_is_registered_once(client, logged, registered, verdict_on, kind):
    name, _ = registered("other")
    uri = logged.uri("export") if kind == "logged model" else f"runs:/{logged.run_id}/export"
    verdict = verdict_on(uri, f"models:/{name}@champion")
    for _ in range(2):
        promotion = promote_model.run(verdict, name=name)
    assert (promotion.version, promotion.changed, champion(client, name)) == ("2", False, "2")
    version = client.get_model_version(name, "2")
    assert (version.source, version.run_id) == (logged.uri("export"), logged.run_id)
    assert len(client.search_model_versions(f"name = '{name}'")) == 2


def test_the_first_champion_needs_no_baseline(client, logged, verdict_on):
    verdict = verdict_on(logged.uri("onnx"))
    promotion = promote_model.run(verdict, name="first-ever")
    assert (promotion.previous, promotion.changed) == (None, True)
    assert champion(client, "first-ever") == promotion.version == "1"


def test_a_dry_run_checks_everything_and_writes_nothing(client, contest, logged, verdict_on, tmp_path):
    name, verdict = contest()
    promotion = promote_model.run(verdict, dry_run=True, out=tmp_path / "promotion.json")
    assert (promotion.changed, promotion.dry_run) == (True, True)
    assert read_json(tmp_path / "promotion.json")["version"] == "2"
    assert champion(client, name) == "1"
    assert client.get_model_version(name, "2").tags == {}
    unregistered = verdict_on(logged.uri("onnx"))
    assert promote_model.run(unregistered, name="never-made", dry_run=True).version == ""
    assert version_of_alias("never-made", "champion") is None
    assert client.search_registered_models("name = 'never-made'") == []


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("fail", "the verdict is fail, only a pass promotes: sites on site=B7: recall fell by 4.0 points"),
        ("inconclusive", "the verdict is not decided, only a pass promotes"),
        ("error", "the verdict is error, only a pass promotes"),
    ],
)
def test_anything_but_a_pass_is_refused_and_the_alias_stays(client, contest, outcome, message):
    name, verdict = contest(outcome)
    with pytest.raises(promote_model.RefusedError, match=message) as caught:
        promote_model.run(verdict)
    assert "\n" not in str(caught.value)
    assert champion(client, name) == "1"
    assert client.get_model_version(name, "2").tags == {}


def test_a_verdict_on_another_model_is_refused(client, registered, logged, contest):
    name, verdict = contest()
    registered("export")
    with pytest.raises(
        promote_model.RefusedError, match=f"verdict is of another model.*models:/{name}/3 has"
    ):
        promote_model.run(verdict, model=f"models:/{name}/3")
    assert champion(client, name) == "1"


def test_a_champion_that_changed_meanwhile_is_refused(client, registered, contest):
    name, verdict = contest()
    registered("export")
    client.set_registered_model_alias(name, "champion", "3")
    with pytest.raises(promote_model.StaleError, match=f"{name}@champion is now version 3, .*evaluate again"):
        promote_model.run(verdict)
    assert champion(client, name) == "3"


def test_a_champion_that_changes_at_the_last_moment_is_refused(client, registered, contest, monkeypatch):
    name, verdict = contest()
    registered("export")
    annotate = promote_model._annotate

    def slow(*given, **more):
        annotate(*given, **more)
        client.set_registered_model_alias(name, "champion", "3")

    monkeypatch.setattr(promote_model, "_annotate", slow)
    with pytest.raises(promote_model.RefusedError, match="moved from version 1 to version 3 meanwhile"):
        promote_model.run(verdict)
    assert champion(client, name) == "3"


def test_a_champion_that_was_removed_is_refused(client, contest):
    name, verdict = contest()
    client.delete_registered_model_alias(name, "champion")
    with pytest.raises(promote_model.RefusedError, match=f"{name}@champion is not set, but the verdict"):
        promote_model.run(verdict)
    assert alias_version(client, name, "champion") is None


def test_a_champion_that_nobody_compared_with_is_refused(client, registered, verdict_on):
    name, _ = registered("other")
    registered("pickle")
    verdict = verdict_on(f"models:/{name}/2")
    with pytest.raises(promote_model.RefusedError, match="compared with no champion: evaluate models:/"):
        promote_model.run(verdict)
    assert champion(client, name) == "1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "models:/nobody/7"}, "models:/nobody/7"),
        ({"model": "model.pt2"}, "model.pt2: expected a model that MLflow keeps"),
        ({"name": "somebody-else"}, "expected a version of 'somebody-else'"),
    ],
)
def test_what_cannot_be_promoted_is_one_line_and_the_alias_stays(client, contest, arguments, message):
    name, verdict = contest()
    with pytest.raises(InputError, match=message) as caught:
        promote_model.run(verdict, **arguments)
    assert "\n" not in str(caught.value)
    assert champion(client, name) == "1"


def test_an_unknown_version_or_alias_of_the_model_is_one_line(client, contest):
    name, verdict = contest()
    for uri in (f"models:/{name}/99", f"models:/{name}@nobody", f"runs:/{'0' * 32}/model"):
        with pytest.raises(InputError):
            promote_model.run(verdict, model=uri)
    assert champion(client, name) == "1"


def test_a_logged_model_without_a_name_is_one_line(logged, verdict_on):
    with pytest.raises(InputError, match="the name of the registered model is needed as well"):
        promote_model.run(verdict_on(logged.uri("pickle")))


def test_a_corrupt_verdict_is_one_line_and_the_alias_stays(client, contest):
    name, verdict = contest()
    (verdict / "verdict.json").write_text("{")
    with pytest.raises(InputError, match=r"verdict.json: not valid JSON"):
        promote_model.run(verdict)
    assert champion(client, name) == "1"


def _edit(verdict, **changes):
    file = verdict / "verdict.json"
    write_json(file, {**read_json(file), **changes})


@pytest.mark.parametrize(
    ("outcome", "change", "message"),
    [
        ("fail", {"outcome": "pass"}, "the decisions come to fail, but the outcome is pass"),
        (
            "pass",
            {"problems": ["a slice is missing"]},
            "the decisions come to error, but the outcome is pass",
        ),
        ("pass", {"decisions": []}, "the outcome is pass, but no decision could have refused it"),
    ],
)
def test_a_verdict_that_contradicts_itself_is_refused(client, contest, outcome, change, message):
    name, verdict = contest(outcome)
    _edit(verdict, **change)
    with pytest.raises(InputError, match=f"verdict.json: not a verdict that was decided: {message}"):
        promote_model.run(verdict)
    assert champion(client, name) == "1"


def test_a_failure_that_was_edited_not_to_block_is_refused(client, contest):
    name, verdict = contest("fail")
    decisions = read_json(verdict / "verdict.json")["decisions"]
    _edit(verdict, outcome="pass", decisions=[one | {"blocking": False} for one in decisions])
    with pytest.raises(InputError, match="'sites' on 'site=B7' is fail, but does not block"):
        promote_model.run(verdict)
    assert champion(client, name) == "1"


def test_an_alias_in_another_letter_case_is_refused(client, registered, verdict_on):
    name, _ = registered("other")
    registered("pickle")
    verdict = verdict_on(f"models:/{name}/2")
    with pytest.raises(promote_model.RefusedError, match="has the alias 'champion': .* got 'CHAMPION'"):
        promote_model.run(verdict, alias="CHAMPION")
    assert client.get_registered_model(name).aliases == {"champion": "1"}


def test_a_verdict_from_before_the_model_was_made_anew_is_refused(client, logged, contest):
    name, verdict = contest()
    client.delete_registered_model(name)
    client.create_registered_model(name)
    for kind in ("onnx", "export"):
        model_id = logged.model_ids[kind]
        client.create_model_version(name, logged.uri(kind), model_id=model_id, await_creation_for=0)
    client.set_registered_model_alias(name, "champion", "1")
    with pytest.raises(promote_model.RefusedError, match="the verdict is of another model"):
        promote_model.run(verdict)
    assert champion(client, name) == "1"


def test_a_verdict_is_of_no_use_after_the_next_promotion(client, logged, contest, results, digest_of):
    name, first = contest()
    kept = first.parent.parent / "kept.json"
    shutil.copyfile(first / "verdict.json", kept)
    promote_model.run(kept)
    model_id = logged.model_ids["export"]
    client.create_model_version(name, logged.uri("export"), model_id=model_id, await_creation_for=0)
    pair = [(uri, digest_of(uri)) for uri in (f"models:/{name}/3", f"models:/{name}/2")]
    promote_model.run(results(*pair, "pass").arguments["verdict"])
    with pytest.raises(promote_model.RefusedError, match=f"{name}@champion is now version 3"):
        promote_model.run(kept)
    assert champion(client, name) == "3"


class _Line:
    """A connection to the server that is cut for good by the first request that holds ``end``."""

    def __init__(self, server: str, end: bytes) -> None:
        self._server = ("127.0.0.1", int(server.rpartition(":")[2]))
        self._end, self._cut = end, False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            caller, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, socket.create_connection(self._server) as server, contextlib.suppress(OSError):
            threading.Thread(target=self._carry, args=(server, caller), daemon=True).start()
            while (data := caller.recv(1 << 20)) and not self._cut:
                self._cut = self._end in data
                if self._cut:
                    return
                server.sendall(data)

    @staticmethod
    def _carry(server: socket.socket, caller: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 20):
                caller.sendall(data)


@pytest.mark.parametrize(
    "request_", [b"model-versions/set-tag", b"POST /api/2.0/mlflow/registered-models/alias"]
)
def test_a_server_that_goes_midway_leaves_the_alias_and_the_next_try_completes(
    client, tracking, contest, monkeypatch, request_
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    name, verdict = contest()
    with pytest.raises(ServiceError, match="does not answer"):
        promote_model.run(verdict, tracking_uri=_Line(tracking, request_).uri)
    assert champion(client, name) == "1"
    promote_model.run(verdict)
    assert champion(client, name) == "2"


def test_an_unreachable_server_is_one_line(contest, monkeypatch, free_port):
    _, verdict = contest()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with pytest.raises(ServiceError, match="does not answer: connection refused"):
        promote_model.run(verdict, tracking_uri=f"http://127.0.0.1:{free_port}")


def test_which_version_an_alias_points_at(registered):
    name, version = registered("pickle")
    assert version_of_alias(name, "champion") == version
    assert version_of_alias(name, "nobody") is None
    assert version_of_alias("no-such-model", "champion") is None

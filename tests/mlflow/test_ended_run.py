"""What an exit handler tells of a pipeline's run: what MLflow knows of it, over real HTTP."""

import json

import pytest

from seatrial.errors import InputError, ServiceError
from seatrial_components.notification import tell as tell_in_a_pipeline
from seatrial_mlflow import fetch_verdict, publish_run
from seatrial_mlflow.ended_run import EndedRun, tell
from seatrial_mlflow.promote_model import PROMOTION

pytestmark = pytest.mark.usefixtures("tracking")

ALL = ("refusal", "promotion", "failure", "pass")
RUN = "0b9c0a52-5c0c-4f5e-8a8c-1f1b6f2a7d11"


@pytest.fixture
def published(results, client, monkeypatch):
    """Publish a verdict as a pod of a pipeline does; gives the evaluation run."""

    def publish(outcome: str, promotion: dict | None = None) -> str:
        monkeypatch.setenv("KFP_RUN_ID", RUN)
        judged = results(("models/solar.onnx", "sha256:1"), None, outcome)
        run = publish_run.run(**judged.arguments).run_id
        if promotion is not None:
            client.set_tag(run, PROMOTION, json.dumps(promotion))
        return run

    return publish


def test_refusal_is_told_with_its_reasons(published, receiver):
    run = published("fail")
    notice = tell(EndedRun("FAILED", "the task enforce failed", "post-training", RUN), on=ALL)
    ((_, content),) = receiver.received
    assert (notice.event, notice.sent) == ("refusal", 1)
    assert content["title"] == "Seatrial: models/solar.onnx was refused"
    assert run in content["message"]


def test_promotion_is_told(published, receiver):
    published("pass", {"name": "solar", "version": "2", "alias": "champion", "changed": True})
    notice = tell(EndedRun("SUCCEEDED", "", "post-training", RUN), on=ALL)
    assert (notice.event, notice.title) == ("promotion", "Seatrial: solar version 2 is now champion")


def test_alias_that_did_not_move_is_a_pass(published, receiver):
    published("pass", {"name": "solar", "version": "2", "alias": "champion", "changed": False})
    assert tell(EndedRun("SUCCEEDED", "", "post-training", RUN), on=ALL).event == "pass"
    assert tell(EndedRun("SUCCEEDED", "", "post-training", RUN), on=["promotion"]).sent == 0


def test_promotion_that_the_registry_refused_is_a_failure_with_its_reason(published, receiver):
    published("pass", {"outcome": "stale", "reason": "solar@champion is now version 3"})
    notice = tell(EndedRun("FAILED", "the task promote-model failed", "post-training-7", RUN), on=ALL)
    assert (notice.event, notice.title) == ("failure", "Seatrial: post-training-7 passed, but the run failed")
    assert "solar@champion is now version 3" in receiver.received[0][1]["message"]


def test_run_that_came_to_no_verdict_is_a_failure(receiver):
    notice = tell(EndedRun("FAILED", "evaluate-model: no such bucket", "post-training-8", "another"), on=ALL)
    assert (notice.event, notice.title) == ("failure", "Seatrial: post-training-8 failed")
    assert "no such bucket" in notice.body
    assert receiver.received[0][1]["type"] == "failure"


def test_run_that_ended_well_without_a_verdict_is_not_told(receiver):
    assert tell(EndedRun("SUCCEEDED", "", "data-quality", "another"), on=ALL) is None
    assert receiver.received == []


def test_evaluation_run_that_is_named_is_the_one(published, receiver):
    run = published("fail")
    notice = tell(EndedRun("FAILED", "", "promotion-only", "another", run), on=ALL)
    assert notice.event == "refusal"


def test_failure_is_told_even_where_mlflow_does_not_answer(receiver, free_port):
    ended = EndedRun("FAILED", "MLflow does not answer", "post-training", RUN)
    notice = tell(ended, on=ALL, tracking_uri=f"http://127.0.0.1:{free_port}")
    assert notice.event == "failure"
    with pytest.raises(ServiceError, match="does not answer"):
        tell(EndedRun("SUCCEEDED", "", "", RUN), on=ALL, tracking_uri=f"http://127.0.0.1:{free_port}")


def test_component_tells_and_a_destination_that_is_down_fails_nothing(
    published, receiver, tracking, monkeypatch, capsys
):
    published("fail")
    arguments = {"pipeline": "p", "pipeline_run": RUN, "on": "refusal, failure"}
    assert tell_in_a_pipeline("FAILED", "", **arguments) == 1
    monkeypatch.setenv("SEATRIAL_NOTIFY", "carrier-pigeon://roof")
    assert tell_in_a_pipeline("FAILED", "", **arguments) == 0
    assert "not told: destination 1 (carrier-pigeon)" in capsys.readouterr().err


def test_without_destinations_nobody_is_told_and_nobody_is_asked(monkeypatch, capsys, free_port):
    monkeypatch.delenv("SEATRIAL_NOTIFY", raising=False)
    address = f"http://127.0.0.1:{free_port}"
    assert tell_in_a_pipeline("FAILED", "", pipeline_run=RUN, tracking_uri=address, on="failure") == 0
    assert "nobody is told" in capsys.readouterr().err


def test_published_verdict_comes_back_as_files(published, results, tmp_path):
    run = published("fail")
    verdict = fetch_verdict.run(run, tmp_path / "back")
    assert verdict.outcome == "fail"
    sent = tmp_path / "results" / "verdict"
    assert {path.name: path.read_bytes() for path in (tmp_path / "back").iterdir()} == {
        path.name: path.read_bytes() for path in sent.iterdir()
    }


def test_verdict_that_was_exchanged_after_publishing_is_refused(published, client, tmp_path):
    run = published("fail")
    forged = tmp_path / "verdict.json"
    forged.write_text((tmp_path / "results" / "verdict" / "verdict.json").read_text() + " ")
    client.log_artifact(run, str(forged), "verdict")
    with pytest.raises(InputError, match=rf"run {run}: the verdict that was published had sha256:"):
        fetch_verdict.run(run, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_run_without_a_verdict_is_said(client, tmp_path):
    run = client.create_run("0").info.run_id
    with pytest.raises(InputError, match="expected the verdict that publish-run left, there is none"):
        fetch_verdict.run(run, tmp_path / "back")

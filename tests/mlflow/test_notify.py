"""People are told, over real HTTP, and no address is ever shown."""

import os
import subprocess
import sys

import pytest

from seatrial.errors import InputError, ServiceError
from seatrial.files import write_json
from seatrial_mlflow import notify

TOKEN = "s3cret-t0ken"


@pytest.fixture
def verdict(results):
    def write(outcome):
        return results(("models:/solar/2", "sha256:1"), ("models:/solar/1", "sha256:2"), outcome).arguments[
            "verdict"
        ]

    return write


@pytest.fixture
def promotion(tmp_path):
    def write(**change):
        said = {"name": "solar", "version": "2", "alias": "champion", "changed": True, "dry_run": False}
        write_json(tmp_path / "promotion.json", said | change)
        return tmp_path / "promotion.json"

    return write


def test_a_refusal_is_told_with_its_reasons_and_a_link(verdict, receiver, tmp_path):
    write_json(tmp_path / "published.json", {"url": "http://mlflow/#/runs/1"})
    notice = notify.run(verdict("fail"), published=tmp_path / "published.json")
    ((path, content),) = receiver.received
    assert (notice.event, notice.sent, path) == ("refusal", 1, "/team")
    assert content["title"] == "Seatrial: models:/solar/2 was refused"
    assert content["type"] == "failure"
    assert "slice site=B7: recall fell by 4.0 points" in content["message"]
    assert "champion: models:/solar/1" in content["message"]
    assert "http://mlflow/#/runs/1" in content["message"]


def test_a_promotion_is_told(verdict, promotion, receiver):
    notice = notify.run(verdict("pass"), promotion=promotion())
    ((_, content),) = receiver.received
    assert (notice.event, content["type"]) == ("promotion", "success")
    assert content["title"] == "Seatrial: solar version 2 is now champion"


@pytest.mark.parametrize("change", [{"changed": False}, {"dry_run": True}])
def test_a_pass_that_moves_nothing_is_told_only_where_it_is_asked_for(verdict, promotion, receiver, change):
    passed = verdict("pass")
    assert notify.run(passed, promotion=promotion(**change)).sent == 0
    assert notify.run(passed).sent == 0
    assert notify.run(passed, on=["pass"]).sent == 1
    assert [content["title"] for _, content in receiver.received] == ["Seatrial: models:/solar/2 passed"]


def test_what_could_not_be_decided_is_a_refusal(verdict, receiver):
    assert notify.run(verdict("inconclusive")).title == "Seatrial: models:/solar/2 was refused: inconclusive"
    assert len(receiver.received) == 1


def test_a_destination_that_stumbles_is_tried_again(verdict, receiver):
    receiver.refuse = 2
    assert notify.run(verdict("fail"), pauses=(0, 0)).sent == 1
    assert len(receiver.received) == 3


def test_one_that_stays_silent_keeps_nobody_else_from_being_told_and_no_secret_is_shown(
    verdict, receiver, tmp_path, caplog, capfd
):
    urls = tmp_path / "destinations"
    urls.write_text(f"# the team\njsons://ann:{TOKEN}@127.0.0.1:9/?token={TOKEN}\n{receiver.url}\n")
    with pytest.raises(ServiceError) as caught:
        notify.run(verdict("fail"), destinations=urls, pauses=(0,))
    assert str(caught.value) == "destination 1 (jsons) did not take the notice; 1 of 2 did"
    assert len(receiver.received) == 1
    assert TOKEN not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("urls", "message"),
    [
        ("", "expected destinations, e.g. slack://"),
        (f"carrier-pigeon://{TOKEN}", r"destination 1 \(carrier-pigeon\): expected an address that apprise"),
        (f"{TOKEN}", r"destination 1 \(not a URL\)"),
        (f"slack://{TOKEN}", r"destination 1 \(slack\): expected an address that apprise knows"),
    ],
)
def test_an_address_that_is_none_is_one_line_without_its_secret(verdict, monkeypatch, caplog, urls, message):
    monkeypatch.setenv("SEATRIAL_NOTIFY", urls)
    with pytest.raises(InputError, match=message) as caught:
        notify.run(verdict("fail"))
    assert TOKEN not in str(caught.value) + caplog.text


def test_an_event_that_is_none_is_named(verdict):
    with pytest.raises(
        InputError, match="expected events of refusal, promotion, pass, failure, got 'disaster'"
    ):
        notify.run(verdict("fail"), on=["disaster"])


@pytest.mark.parametrize("content", ["[]", "{"])
def test_a_broken_promotion_is_one_line(verdict, tmp_path, content):
    (tmp_path / "promotion.json").write_text(content)
    with pytest.raises(InputError, match=r"promotion\.json"):
        notify.run(verdict("pass"), promotion=tmp_path / "promotion.json")


def test_the_verb_tells_and_a_dry_run_sends_nothing(verdict, receiver):
    refused = verdict("fail")
    words = [sys.executable, "-m", "seatrial", "notify", "--verdict", str(refused)]
    shown = subprocess.run([*words, "--dry-run"], capture_output=True, text=True, check=True, env=os.environ)
    assert shown.stdout.startswith("Seatrial: models:/solar/2 was refused\n\nFAIL: slice site=B7")
    assert receiver.received == []
    told = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ)
    assert (told.stdout, told.stderr) == ("refusal: told 1 destination\n", "")
    assert len(receiver.received) == 1

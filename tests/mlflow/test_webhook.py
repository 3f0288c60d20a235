"""Deliveries are taken only from who knows the secret, when they are recent, and if they make sense."""

import base64
import hashlib
import hmac
import json

import pytest
from mlflow.webhooks.delivery import _generate_hmac_signature

from seatrial_mlflow.webhook import ForgedError, MalformedError, read_event, verified

SECRET, NOW = b"a secret of the webhook", 1_800_000_000
DATA = {
    "name": "solar",
    "version": "3",
    "source": "models:/m-1",
    "run_id": "r1",
    "tags": {},
    "description": None,
}


def body(**change):
    return json.dumps({"entity": "model_version", "action": "created", "data": DATA} | change).encode()


def signed(content, secret=SECRET, delivery="d1", at=NOW):
    digest = hmac.new(secret, f"{delivery}.{at}.".encode() + content, hashlib.sha256).digest()
    return {
        "x-mlflow-delivery-id": delivery,
        "x-mlflow-timestamp": str(at),
        "x-mlflow-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_mlflow_s_own_signature_is_taken():
    content = body()
    signature = _generate_hmac_signature(SECRET.decode(), "d1", str(NOW), content.decode())
    assert signature == signed(content)["x-mlflow-signature"]
    assert verified(signed(content), content, [SECRET], NOW) == "d1"


def test_while_a_secret_is_replaced_both_are_taken():
    content, other = body(), b"the secret that comes next"
    assert verified(signed(content, other), content, [SECRET, other], NOW) == "d1"
    two = f"v1,AAAA {signed(content)['x-mlflow-signature']}"
    assert verified(signed(content) | {"x-mlflow-signature": two}, content, [SECRET], NOW) == "d1"


@pytest.mark.parametrize(
    "change",
    [
        {"x-mlflow-signature": "v1,AAAA"},
        {"x-mlflow-signature": "v1,not base64!"},
        {"x-mlflow-signature": "v1,"},
        {"x-mlflow-signature": "v2," + signed(body())["x-mlflow-signature"][3:]},
        {"x-mlflow-signature": "ü"},
        {"x-mlflow-delivery-id": "d2"},
        {"x-mlflow-timestamp": str(NOW + 1)},
    ],
)
def test_what_was_changed_is_forged(change):
    with pytest.raises(ForgedError, match="the signature does not fit"):
        verified(signed(body()) | change, body(), [SECRET], NOW)


def test_another_body_or_secret_is_forged():
    for content, secret in ((body() + b" ", SECRET), (body(), b"another secret")):
        with pytest.raises(ForgedError, match="the signature does not fit"):
            verified(signed(body()), content, [secret], NOW)


@pytest.mark.parametrize("name", ["x-mlflow-delivery-id", "x-mlflow-timestamp", "x-mlflow-signature"])
@pytest.mark.parametrize("value", ["", None])
def test_a_header_that_is_missing_is_forged(name, value):
    headers = signed(body()) | {name: value}
    with pytest.raises(ForgedError, match="expected the headers x-mlflow-delivery-id"):
        verified({key: one for key, one in headers.items() if one is not None}, body(), [SECRET], NOW)


@pytest.mark.parametrize("at", [NOW - 301, NOW + 301, "soon", "-5", "²"])
def test_what_is_not_of_now_is_refused_though_it_is_signed(at):
    with pytest.raises(ForgedError, match="expected a timestamp within 300 s of now"):
        verified(signed(body(), at=at), body(), [SECRET], NOW)


def test_a_new_version_is_read():
    event = read_event(body())
    assert (event.uri, event.source, event.run_id, event.tags) == ("models:/solar/3", "models:/m-1", "r1", {})


@pytest.mark.parametrize("change", [{"entity": "registered_model"}, {"action": "tag_set"}, {"action": None}])
def test_other_events_are_none_of_ours(change):
    assert read_event(body(**change)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "expected JSON"),
        (b"\xff", "expected JSON"),
        (b"[1]", "expected an object with 'entity'"),
        (b'{"entity": 5}', "expected an object with 'entity'"),
        (body(data=[]), "data: expected an object"),
        (body(data=DATA | {"name": ""}), "data.name: expected a text, got str"),
        (body(data=DATA | {"version": 3}), "data.version: expected a text, got int"),
        (body(data=DATA | {"version": "latest"}), "data.version: expected a number, got 'latest'"),
        (body(data=DATA | {"source": None}), "data.source: expected a text, got NoneType"),
        (body(data=DATA | {"tags": ["a"]}), "data.tags: expected an object"),
    ],
)
def test_what_mlflow_would_not_send_is_malformed(content, message):
    with pytest.raises(MalformedError, match=message):
        read_event(content)

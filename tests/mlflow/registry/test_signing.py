"""Keys and envelopes: what one writes the other reads, and nothing else."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from in_toto_attestation.v1.statement import STATEMENT_TYPE_URI

from seatrial.errors import InputError
from seatrial_mlflow.signing import (
    Attestation,
    EnvelopeError,
    Kind,
    Purpose,
    generate,
    load_signer,
    load_trusted,
    open_envelope,
    seal,
)

PURPOSE = Purpose(
    "solar", 1_700_000_000_001, "3", 1_700_000_000_002, "s3://b/m", "", f"sha256:{'a' * 64}", "champion", "2"
)
NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def attestation(kind=Kind.VERDICT, **claims):
    return Attestation(kind, PURPOSE, NOW, NOW + timedelta(days=1), claims)


@pytest.fixture
def key(tmp_path):
    public = generate(tmp_path / "key.pem").keyval["public"]
    (tmp_path / "keys.yaml").write_text(f"keys:\n  - public: {public}\n    may: [verdict]\n")
    return tmp_path


@pytest.mark.parametrize("kind", list(Kind))
def test_what_was_sealed_is_opened_as_it_was(key, kind):
    envelope = seal(attestation(kind, outcome="pass"), load_signer(key / "key.pem"))
    opened = open_envelope(envelope, load_trusted(key / "keys.yaml"))
    assert opened.attestation == attestation(kind, outcome="pass")
    body = json.loads(envelope)
    assert body["payloadType"] == "application/vnd.in-toto+json"
    assert opened.attestation.to_statement()["_type"] == STATEMENT_TYPE_URI


def test_a_private_key_is_its_owner_s_alone_and_never_written_over(key):
    assert (key / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="a file of that name is there, and it may be a key"):
        generate(key / "key.pem")


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "expected an ed25519 private key in PEM"), (None, "cannot read signing key")],
)
def test_a_file_that_is_no_key_is_one_line(tmp_path, text, told):
    if text is not None:
        (tmp_path / "key.pem").write_text(text)
    with pytest.raises(InputError, match=told):
        load_signer(tmp_path / "key.pem")


def test_another_kind_of_key_is_refused(tmp_path):
    from securesystemslib.signer import CryptoSigner

    (tmp_path / "key.pem").write_bytes(CryptoSigner.generate_ecdsa().private_bytes)
    with pytest.raises(InputError, match="expected an ed25519 private key, got"):
        load_signer(tmp_path / "key.pem")


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(predicateType="https://slsa.dev/provenance/v1"),
        lambda body: body.update(subject=[]),
        lambda body: body.update(_type="https://in-toto.io/Statement/v0.1"),
        lambda body: body.update(unknown=1),
        lambda body: body["predicate"].pop("alias"),
        lambda body: body["predicate"].update(issued="yesterday"),
        lambda body: body["predicate"]["model"].update(created="-1"),
    ],
)
def test_a_signed_statement_of_another_form_says_nothing(key, change):
    from securesystemslib.dsse import Envelope

    body = attestation(outcome="pass").to_statement()
    change(body)
    envelope = Envelope(json.dumps(body).encode(), "application/vnd.in-toto+json", {})
    envelope.sign(load_signer(key / "key.pem"))
    with pytest.raises(EnvelopeError, match="its statement cannot be used"):
        open_envelope(json.dumps(envelope.to_dict()), load_trusted(key / "keys.yaml"))


def test_a_signature_on_another_type_of_payload_does_not_count(key):
    from securesystemslib.dsse import Envelope

    envelope = Envelope(json.dumps(attestation().to_statement()).encode(), "text/plain", {})
    envelope.sign(load_signer(key / "key.pem"))
    with pytest.raises(EnvelopeError, match="it is an envelope of 'text/plain'"):
        open_envelope(json.dumps(envelope.to_dict()), load_trusted(key / "keys.yaml"))


@pytest.mark.parametrize("text", ["", "keys: []", "keys: [{public: 1}]", "keys: {", "[]"])
def test_a_key_file_without_keys_is_one_line(tmp_path, text):
    (tmp_path / "keys.yaml").write_text(text)
    with pytest.raises(InputError, match=r"keys.yaml: "):
        load_trusted(tmp_path / "keys.yaml")

"""DSSE envelopes: an attestation with its signature, as one line of JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.digests import canonical_json, digest_bytes
from seatrial.errors import InputError
from seatrial_mlflow.signing.attestation import Attestation
from seatrial_mlflow.signing.keys import TrustedKey

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

__all__ = ["EnvelopeError", "Opened", "open_envelope", "seal"]

_PAYLOAD_TYPE = "application/vnd.in-toto+json"


class EnvelopeError(InputError):
    """An envelope cannot be read, or no trusted key signed it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a good envelope holds.

    Attributes:
        attestation: The statement.
        key: The key that signed it.
        digest: Digest of the signed bytes; the same statement signed twice has the same.
    """

    attestation: Attestation
    key: TrustedKey
    digest: str


def seal(attestation: Attestation, signer: "CryptoSigner") -> str:
    """Sign an attestation and put it into an envelope."""
    from securesystemslib.dsse import Envelope

    statement = attestation.to_statement()
    _check_statement(statement)
    envelope = Envelope(canonical_json(statement).encode(), _PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return canonical_json(envelope.to_dict())


def open_envelope(text: str, keys: Sequence[TrustedKey]) -> Opened:
    """Check an envelope's signature and read what it says.

    Args:
        text: The envelope.
        keys: Keys that are trusted; whether one has expired or is for this kind of statement is not judged
            here.

    Raises:
        EnvelopeError: It is no envelope, no trusted key signed it, or it says nothing that Seatrial knows.
    """
    envelope = _parse(text)
    known = {key.key_id: key for key in keys}
    if not known.keys() & envelope.signatures.keys():
        named = ", ".join(f"{one[:12]}…" for one in envelope.signatures) or "nobody"
        raise EnvelopeError(f"it is signed by {named}, no key that is trusted here")
    key = _signed_by(envelope, known)
    try:
        statement = json.loads(envelope.payload)
        _check_statement(statement)
        return Opened(Attestation.from_statement(statement), key, digest_bytes(envelope.payload))
    except (InputError, ValueError, RecursionError) as error:
        raise EnvelopeError(f"its statement cannot be used: {error}") from error


def _signed_by(envelope: "Envelope", known: dict[str, TrustedKey]) -> TrustedKey:
    from securesystemslib.exceptions import VerificationError

    try:
        accepted = envelope.verify([key.key for key in known.values()], threshold=1)
    except VerificationError as error:
        raise EnvelopeError("its signature is not valid: it was changed after it was signed") from error
    return known[next(iter(accepted))]


def _parse(text: str) -> "Envelope":
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError

    try:
        envelope = Envelope.from_dict(json.loads(text))
    except (AttributeError, FormatError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise EnvelopeError("it is no signed envelope") from error
    if envelope.payload_type != _PAYLOAD_TYPE:
        raise EnvelopeError(f"it is an envelope of {envelope.payload_type!r}, not of a statement")
    return envelope


def _check_statement(statement: object) -> None:
    """Let in-toto's own library check the outer form.

    Raises:
        EnvelopeError: It is no in-toto statement.
    """
    from google.protobuf.json_format import ParseDict, ParseError
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    try:
        Statement.copy_from_pb(ParseDict(statement, Message())).validate()
    except (AttributeError, ParseError, TypeError, ValueError) as error:
        raise EnvelopeError(f"it is no in-toto statement: {error}") from error

"""What MLflow sends when a model version was created: is it from MLflow, is it new, and what does it say?

MLflow signs ``<delivery id>.<timestamp>.<body>`` with HMAC-SHA256 and sends the signature as
``X-MLflow-Signature: v1,<base64>`` (after the convention of Standard Webhooks).
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.errors import SeatrialError

__all__ = [
    "REGISTERED_BY",
    "REPLAY_WINDOW_SECONDS",
    "ForgedError",
    "MalformedError",
    "ModelVersionCreated",
    "read_event",
    "verified",
]

SIGNATURE, TIMESTAMP, DELIVERY = "x-mlflow-signature", "x-mlflow-timestamp", "x-mlflow-delivery-id"

#: A delivery whose timestamp is further away than this is refused, however well it is signed.
REPLAY_WINDOW_SECONDS = 300

#: Tag of versions that Seatrial itself has registered: they were judged before they were versions.
REGISTERED_BY = "registered_by"

_SCHEME = "v1"
_LONGEST = 200


class ForgedError(SeatrialError):
    """The delivery is not proven to be MLflow's, or not proven to be recent."""


class MalformedError(SeatrialError):
    """The delivery is MLflow's, but does not say what it has to."""


@dataclass(frozen=True, slots=True)
class ModelVersionCreated:
    """A model version that is new in the registry.

    Attributes:
        name: Registered model.
        version: Its new version.
        source: Where its files are.
        run_id: The run that logged it; empty where MLflow does not know it.
        tags: Its tags at creation.
    """

    name: str
    version: str
    source: str
    run_id: str
    tags: Mapping[str, str]

    @property
    def uri(self) -> str:
        """The version's model URI."""
        return f"models:/{self.name}/{self.version}"


def verified(headers: Mapping[str, str], body: bytes, secrets: Iterable[bytes], now: float) -> str:
    """Check signature and age of a delivery, and give its id.

    Args:
        headers: The request's headers, by lower-case name.
        body: Its body, as it came.
        secrets: Secrets of which one has to fit: two while one replaces the other.
        now: Seconds since 1970.

    Raises:
        ForgedError: A header is missing, no secret fits, or the timestamp is not within five minutes of
            ``now``.
    """
    delivery, timestamp, signature = (headers.get(name, "") for name in (DELIVERY, TIMESTAMP, SIGNATURE))
    if not (delivery and timestamp and signature) or max(map(len, (delivery, timestamp))) > _LONGEST:
        raise ForgedError(f"expected the headers {DELIVERY}, {TIMESTAMP} and {SIGNATURE}")
    signed = f"{delivery}.{timestamp}.".encode() + body
    given = [_bytes(one) for one in signature.split()[:4]]
    expected = [hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets]
    # a list, not a generator: every pair is compared, each in constant time
    if not any([hmac.compare_digest(one, other) for one in given for other in expected]):  # noqa: C419
        raise ForgedError("the signature does not fit")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > REPLAY_WINDOW_SECONDS:
        raise ForgedError(f"expected a timestamp within {REPLAY_WINDOW_SECONDS} s of now, got {timestamp}")
    return delivery


def _bytes(signature: str) -> bytes:
    scheme, _, text = signature.partition(",")
    try:
        return base64.b64decode(text, validate=True) if scheme == _SCHEME else b""
    except (binascii.Error, ValueError):
        return b""


def read_event(body: bytes) -> ModelVersionCreated | None:
    """Read a delivery's body; None for an event that is not the creation of a model version.

    Raises:
        MalformedError: It is not what MLflow sends.
    """
    try:
        event = json.loads(body)
    except ValueError as error:
        raise MalformedError("expected JSON") from error
    if not isinstance(event, dict) or not isinstance(event.get("entity"), str):
        raise MalformedError("expected an object with 'entity', 'action' and 'data'")
    if (event["entity"], event.get("action")) != ("model_version", "created"):
        return None
    data = event.get("data")
    if not isinstance(data, dict):
        raise MalformedError("data: expected an object")
    name, version, source = (_text(data, field) for field in ("name", "version", "source"))
    if not version.isdecimal():
        raise MalformedError(f"data.version: expected a number, got {version!r}")
    tags = data.get("tags") or {}
    if not isinstance(tags, dict):
        raise MalformedError("data.tags: expected an object")
    plain = {str(key): str(value) for key, value in tags.items()}
    return ModelVersionCreated(name, version, source, str(data.get("run_id") or ""), plain)


def _text(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"data.{field}: expected a text, got {type(value).__name__}")
    return value

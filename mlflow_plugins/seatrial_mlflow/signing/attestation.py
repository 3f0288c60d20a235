"""What is signed about a model version, as an in-toto statement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from seatrial.errors import InputError
from seatrial.fields import items, mapping, name_of, one_of, text, whole

__all__ = ["Attestation", "Kind", "Purpose"]

_STATEMENT = "https://in-toto.io/Statement/v1"

# the digest of a folder is of its files' digests with their names, so it must not call itself sha256
_DIGEST = "seatrialTree"


class Kind(StrEnum):
    """What a statement says: that a model passed, or that an alias goes back to an older one."""

    VERDICT = "verdict"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Purpose:
    """The one alias write that a statement allows.

    Attributes:
        name: Registered model.
        model_created: When the registered model was created, in milliseconds: one that was deleted and made
            anew under its name is another.
        version: The version that the alias shall point at.
        version_created: When that version was created, in milliseconds.
        source: Where the version says that its files are.
        run_id: Its training run; empty where it has none.
        files: Content digest of its files.
        alias: The alias.
        baseline: The version that the alias points at until then; None where it is not set.
    """

    name: str
    model_created: int
    version: str
    version_created: int
    source: str
    run_id: str
    files: str
    alias: str
    baseline: str | None


@dataclass(frozen=True, slots=True)
class Attestation:
    """A statement about one alias write.

    Attributes:
        kind: A verdict or a rollback.
        purpose: The alias write that it is good for.
        issued: When it was signed, in UTC.
        expires: Until when the alias may be set with it.
        claims: What it rests on: a verdict's outcome and the digests of data set, policy and reports; a
            rollback's reason.
    """

    kind: Kind
    purpose: Purpose
    issued: datetime
    expires: datetime
    claims: Mapping[str, Any] = field(default_factory=dict)

    def to_statement(self) -> dict[str, Any]:
        """Write the in-toto statement (version 1)."""
        purpose = self.purpose
        return {
            "_type": _STATEMENT,
            "subject": [
                {
                    "name": f"models:/{purpose.name}/{purpose.version}",
                    "digest": {_DIGEST: purpose.files.removeprefix("sha256:")},
                }
            ],
            "predicateType": _predicate_type(self.kind),
            "predicate": {
                "model": {
                    "name": purpose.name,
                    "created": str(purpose.model_created),
                    "version": purpose.version,
                    "versionCreated": str(purpose.version_created),
                    "source": purpose.source,
                    "runId": purpose.run_id,
                },
                "alias": purpose.alias,
                "baseline": purpose.baseline,
                "issued": _write_time(self.issued),
                "expires": _write_time(self.expires),
                "claims": dict(self.claims),
            },
        }

    @classmethod
    def from_statement(cls, body: Any) -> "Attestation":
        """Read an in-toto statement.

        Raises:
            InputError: It is none of Seatrial's, or incomplete.
        """
        statement = mapping(body, "statement")
        one_of(statement, "_type", (_STATEMENT,))
        kinds = {_predicate_type(kind): kind for kind in Kind}
        kind = kinds[one_of(statement, "predicateType", tuple(kinds))]
        predicate = mapping(statement.get("predicate"), "predicate")
        model = mapping(predicate.get("model"), "model")
        subjects = items(statement, "subject")
        if len(subjects) != 1:
            raise InputError(f"subject: expected one, got {len(subjects)}")
        digests = mapping(mapping(subjects[0], "subject").get("digest"), "digest")
        purpose = Purpose(
            text(model, "name"),
            _milliseconds(model, "created"),
            text(model, "version"),
            _milliseconds(model, "versionCreated"),
            text(model, "source"),
            text(model, "runId"),
            f"sha256:{text(digests, _DIGEST)}",
            text(predicate, "alias"),
            name_of(predicate, "baseline"),
        )
        return cls(
            kind,
            purpose,
            _read_time(predicate, "issued"),
            _read_time(predicate, "expires"),
            mapping(predicate.get("claims"), "claims"),
        )


def _predicate_type(kind: Kind) -> str:
    return f"urn:seatrial:{kind}:v1"


def _write_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _read_time(body: Mapping[str, Any], key: str) -> datetime:
    written = text(body, key)
    try:
        return datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise InputError(
            f"{key}: expected a time such as 2026-12-31T23:59:59.000000Z, got {written!r}"
        ) from error


def _milliseconds(body: Mapping[str, Any], key: str) -> int:
    # as text: a statement may pass through JSON readers that keep numbers as floats
    written = text(body, key)
    return whole({key: int(written) if written.isdecimal() else written}, key)

"""May this alias move? Judged from an envelope and from what the registry says about the version."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from seatrial.gates.plain import plain
from seatrial_mlflow.gated_registry.configuration import Gate
from seatrial_mlflow.gated_registry.refusal import ConflictError, RefusalError
from seatrial_mlflow.signing import Attestation, EnvelopeError, Kind, Opened, Purpose, Role, open_envelope

__all__ = ["Move", "check_baseline", "check_files", "rule_on"]

# clocks of signer and server may differ by this much
_SKEW = timedelta(minutes=5)

_ROLES = {Kind.VERDICT: Role.VERDICT, Kind.ROLLBACK: Role.ROLLBACK}

_BOUND = {
    "name": "the model",
    "model_created": "the creation of the model",
    "version": "the version",
    "version_created": "the creation of the version",
    "source": "the source of the files",
    "run_id": "the training run",
    "alias": "the alias",
}


@dataclass(frozen=True, slots=True)
class Move:
    """An alias write that somebody asks for, and what the registry knows about it.

    Attributes:
        name: Registered model.
        model_created: When it was created, in milliseconds.
        version: The version.
        version_created: When that was created, in milliseconds.
        source: Where the version says that its files are.
        run_id: Its training run; empty where it has none.
        location: Where its files are read from.
        alias: The alias, as the gate file spells it.
        current: The version that the alias points at; None where it is not set.
        envelope: The signed statement that came with the version; None where there is none.
    """

    name: str
    model_created: int
    version: str
    version_created: int
    source: str
    run_id: str
    location: str
    alias: str
    current: str | None
    envelope: str | None

    @property
    def target(self) -> str:
        """The alias as people write it: ``solar@champion``."""
        return f"{self.name}@{self.alias}"


def rule_on(gate: Gate, move: Move, now: datetime) -> Opened:
    """Judge everything but the alias' present place, the files' content and earlier use.

    Args:
        gate: What is protected, and whose signatures count.
        move: What is asked for.
        now: The time.

    Returns:
        The opened envelope.

    Raises:
        RefusalError: The statement is absent, not trusted, expired, no pass, or about something else.
    """
    if move.envelope is None:
        raise RefusalError(
            f"{move.target} is protected and version {move.version} has no signed verdict. "
            "Evaluate it and promote it with: seatrial promote-model"
        )
    try:
        opened = open_envelope(move.envelope, gate.trusted)
    except EnvelopeError as error:
        raise _refused(move, str(error)) from error
    _check_key(opened, move, now)
    _check_claims(opened.attestation, gate, move)
    _check_bound(opened.attestation.purpose, move)
    _check_time(opened.attestation, gate, move, now)
    return opened


def check_baseline(opened: Opened, move: Move) -> None:
    """Compare the place that the alias has now with the one that the statement was made for.

    Raises:
        ConflictError: The alias is somewhere else.
    """
    baseline = opened.attestation.purpose.baseline
    if baseline != move.current:
        raise ConflictError(
            f"{move.target} is {_place(move.current)} now; the verdict on version {move.version} compared "
            f"with {_place(baseline)}. Evaluate again against the new champion."
        )


def check_files(opened: Opened, move: Move, found: str) -> None:
    """Compare the files' digest with the one that was signed.

    Raises:
        RefusalError: They differ.
    """
    expected = opened.attestation.purpose.files
    if found != expected:
        raise _refused(
            move, f"the model's files have changed: judged {expected[:19]}…, stored now {found[:19]}…"
        )


def _check_key(opened: Opened, move: Move, now: datetime) -> None:
    key, attestation = opened.key, opened.attestation
    if _ROLES[attestation.kind] not in key.roles:
        raise _refused(move, f"key {key.key_id[:12]}… may not sign a {attestation.kind}")
    if key.expires is not None and now >= key.expires:
        raise _refused(move, f"key {key.key_id[:12]}… expired on {key.expires:%Y-%m-%d}")


def _check_claims(attestation: Attestation, gate: Gate, move: Move) -> None:
    if attestation.kind is Kind.ROLLBACK:
        return
    outcome = attestation.claims.get("outcome")
    if outcome != "pass":
        raise _refused(move, f"it is {plain(outcome, 40).upper()}, and only a pass promotes")
    for rule in gate.rules(move.name):
        for what, known in (("policy", rule.policies), ("dataset", rule.datasets)):
            judged = _digest(attestation.claims.get(what))
            if known and judged not in known:
                named = "data set" if what == "dataset" else what
                raise _refused(move, f"its {named} ({plain(judged, 19)}…) is none of those that count here")


def _digest(claim: Any) -> str:
    return str(claim.get("digest") if isinstance(claim, dict) else claim)


def _check_bound(purpose: Purpose, move: Move) -> None:
    for field, named in _BOUND.items():
        signed, asked = getattr(purpose, field), getattr(move, field)
        if signed != asked:
            raise _refused(
                move,
                f"it is about something else: {named} is {plain(signed, 80)} there, {plain(asked, 80)} here",
            )


def _check_time(attestation: Attestation, gate: Gate, move: Move, now: datetime) -> None:
    if now >= attestation.expires:
        raise _refused(move, f"it expired at {attestation.expires:%Y-%m-%d %H:%M} UTC; evaluate again")
    if attestation.issued - now > _SKEW:
        raise _refused(move, f"it was signed in the future, at {attestation.issued:%Y-%m-%d %H:%M} UTC")
    if attestation.expires - attestation.issued > gate.longest_validity:
        raise _refused(move, f"it is valid for more than {gate.longest_validity_days:g} days")


def _refused(move: Move, reason: str) -> RefusalError:
    return RefusalError(
        f"{move.target} stays: the signed verdict on version {move.version} does not count: {reason}."
    )


def _place(version: str | None) -> str:
    return "not set" if version is None else f"version {version}"

"""The step ``rollback_model``: an alias goes back to a version, on a signature instead of a verdict."""

from pathlib import Path

from seatrial.errors import InputError
from seatrial_mlflow.alias import Protection, move, protection
from seatrial_mlflow.attest import SIGNING_KEY, VALID_DAYS, purpose_of, sign_rollback, signer
from seatrial_mlflow.connection import connected
from seatrial_mlflow.promote_model import CHAMPION, Promotion
from seatrial_mlflow.registry import alias_version

__all__ = ["run"]


def run(
    name: str,
    version: str,
    *,
    reason: str,
    alias: str = CHAMPION,
    key: Path | None = None,
    valid_days: float = VALID_DAYS,
    tracking_uri: str | None = None,
    dry_run: bool = False,
) -> Promotion:
    """Point an alias at a version, for a reason that is signed and kept.

    Args:
        name: Registered model.
        version: Where the alias shall point.
        reason: Why; it stays on the version and in the registry's log.
        alias: The alias.
        key: File of a private key that may sign rollbacks; by default what ``SEATRIAL_SIGNING_KEY`` names.
            Needed where the registry protects the alias.
        valid_days: For how long the signature may be used.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        dry_run: Write nothing.

    Raises:
        StaleError: Somebody else moved the alias meanwhile.
        RefusedError: The registry refuses.
        InputError: There is no such version, no reason or no key.
        ServiceError: MLflow does not answer.
    """
    if not reason.strip():
        raise InputError("a rollback needs its reason")
    private = signer(key)
    with connected(tracking_uri) as client:
        found = str(client.get_model_version(name, version).version)
        current = alias_version(client, name, alias)
        protected = protection(client, name, alias)
        changed = current != found
        if changed and protected is Protection.ENFORCED and private is None:
            raise InputError(
                f"{name}@{alias} is protected by its registry: give a key that may sign rollbacks, "
                f"or set {SIGNING_KEY} to its file"
            )
        if changed and not dry_run:
            envelope = None
            if private is not None:
                purpose = purpose_of(client, name, found, alias, current)
                envelope = sign_rollback(purpose, reason.strip(), private, valid_days=valid_days)
            move(*(client, name, alias, found), expected=current, envelope=envelope, protected=protected)
    return Promotion(name, found, alias, current, changed, dry_run, protected)

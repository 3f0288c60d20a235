"""One way to move a registry alias: handed to the gate where there is one, with care where there is none."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from seatrial_mlflow.connection import is_absent
from seatrial_mlflow.gated_registry.tags import GATE_TAG, attestation_tag, submission_tag
from seatrial_mlflow.refusals import RefusedError, StaleError
from seatrial_mlflow.registry import alias_version

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

__all__ = ["Protection", "move", "place", "protection"]


class Protection(StrEnum):
    """Who keeps an alias from being moved by anybody.

    The answer is the server's own word: good for choosing what to send and what to tell, proof of nothing.
    """

    ENFORCED = "enforced"
    OPEN = "open"
    NONE = "none"


def protection(client: "MlflowClient", name: str, alias: str) -> Protection:
    """Ask whether the registry has a gate, and whether it protects an alias.

    Args:
        client: The registry.
        name: Registered model; one that does not exist has no protection yet.
        alias: The alias.
    """
    from mlflow.exceptions import MlflowException

    try:
        told = client.get_registered_model(name).tags.get(GATE_TAG)
    except MlflowException as error:
        if is_absent(error):
            return Protection.NONE
        raise
    if told is None:
        return Protection.NONE
    return Protection.ENFORCED if alias in told.split(", ") else Protection.OPEN


def move(
    client: "MlflowClient",
    name: str,
    alias: str,
    version: str,
    *,
    expected: str | None,
    envelope: str | None,
    protected: Protection,
) -> None:
    """Move an alias from one version to another.

    Args:
        client: The registry.
        name: Registered model.
        alias: The alias.
        version: Where it shall point.
        expected: Where it points now; None where it is not set.
        envelope: Signed statement; needed where the alias is protected.
        protected: What :func:`protection` said.

    Raises:
        StaleError: The alias points elsewhere by now.
        RefusedError: The registry refuses.
    """
    from mlflow.exceptions import MlflowException

    # as late as a client can look; where a gate compares and sets this only spares a request
    current = alias_version(client, name, alias)
    if current != expected:
        raise StaleError(
            f"{name}@{alias} moved from {place(expected)} to {place(current)} meanwhile: "
            "evaluate again against the new champion"
        )
    try:
        if envelope is not None and protected is not Protection.OPEN:
            tag = submission_tag if protected is Protection.ENFORCED else attestation_tag
            client.set_model_version_tag(name, version, tag(alias), envelope)
        client.set_registered_model_alias(name, alias, version)
    except MlflowException as error:
        raise _refusal(error) from error
    current = alias_version(client, name, alias)
    if current != version and protected is not Protection.ENFORCED:
        raise StaleError(
            f"{name}@{alias} was set to version {version}, but is {place(current)} now: "
            "somebody else set it at the same moment, evaluate again"
        )


def place(version: str | None) -> str:
    """Say where an alias points."""
    return "no version" if version is None else f"version {version}"


def _refusal(error: "MlflowException") -> Exception:
    told = re.sub(r"^[A-Z_]+: ", "", " ".join(str(error.message).split()))
    if error.error_code == "RESOURCE_CONFLICT":
        return StaleError(f"the registry says: {told}")
    if error.error_code == "PERMISSION_DENIED":
        return RefusedError(f"the registry refused: {told}")
    return error

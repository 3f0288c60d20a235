"""The step ``verify_model``: are the files that are about to be deployed those that were judged?"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import InputError
from seatrial.files import read_text, write_text
from seatrial_mlflow.alias import place
from seatrial_mlflow.connection import connected, is_mlflow_uri
from seatrial_mlflow.gated_registry.tags import attestation_tag
from seatrial_mlflow.model_reference import resolve
from seatrial_mlflow.model_source import digest_model, download
from seatrial_mlflow.promote_model import CHAMPION
from seatrial_mlflow.refusals import RefusedError
from seatrial_mlflow.registry import alias_version
from seatrial_mlflow.signing import (
    Attestation,
    EnvelopeError,
    Kind,
    Opened,
    Role,
    TrustedKey,
    load_trusted,
    open_envelope,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Verified", "run"]

_OF_ALIAS = re.compile(r"models:/[^/@]+@([\w-]+)/?")


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to be true.

    Attributes:
        attestation: The signed statement.
        key_id: Id of the key that signed it.
        files: Digest of the files that were looked at.
    """

    attestation: Attestation
    key_id: str
    files: str


def run(
    model: str,
    keys: Path,
    *,
    alias: str | None = None,
    attestation: Path | None = None,
    tracking_uri: str | None = None,
    save: Path | None = None,
) -> Verified:
    """Check a model's files against the signed statement on which its alias moved.

    Nothing that the registry says is believed but what a trusted key signed.

    Args:
        model: A registered version (``models:/solar@champion``, ``models:/solar/3``), or a folder with a
            downloaded model.
        keys: Key file or gate file with the public keys that are trusted.
        alias: The alias that the statement must be for; by default the one in the URI, else ``champion``.
        attestation: File with the statement; needed for a folder, by default the version's tag.
        tracking_uri: MLflow server; not asked for a folder.
        save: File to write the statement to, for a later check without a server.

    Raises:
        RefusedError: The files, the version or the alias are not those of the statement, or no trusted key
            signed it, or it is no pass.
        InputError: There is no such model, or no statement.
        ServiceError: MLflow does not answer.
    """
    trusted = load_trusted(keys)
    if is_mlflow_uri(model):
        found = _OF_ALIAS.fullmatch(model)
        wanted = alias or (found[1] if found else CHAMPION)
        with connected(tracking_uri) as client:
            envelope, verified = _registered(client, model, wanted, attestation, trusted)
    else:
        envelope, verified = _local(Path(model), alias, attestation, trusted)
    if save is not None:
        write_text(save, envelope + "\n")
    return verified


def _registered(
    client: "MlflowClient", uri: str, alias: str, file: Path | None, trusted: tuple[TrustedKey, ...]
) -> tuple[str, Verified]:
    reference = resolve(client, uri)
    if reference.name is None or reference.version is None:
        raise InputError(f"model {uri}: expected a registered version, e.g. models:/solar@champion")
    name, version = reference.name, reference.version
    held = client.get_model_version(name, version)
    envelope = held.tags.get(attestation_tag(alias)) if file is None else read_text(file, "attestation")
    if envelope is None:
        raise RefusedError(
            f"version {version} of {name} has no signed statement for {alias}: nobody vouches for it"
        )
    opened = _opened(envelope, f"version {version} of {name}", trusted)
    purpose = opened.attestation.purpose
    model = client.get_registered_model(name)
    expected = {
        "the model": (purpose.name, name),
        "the version": (purpose.version, version),
        "the creation of the model": (purpose.model_created, int(model.creation_timestamp)),
        "the creation of the version": (purpose.version_created, int(held.creation_timestamp)),
        "the alias": (purpose.alias, alias),
    }
    for what, (signed, there) in expected.items():
        if signed != there:
            raise RefusedError(f"{uri}: {what} is {signed} in the signed statement, but {there} here")
    if _OF_ALIAS.fullmatch(uri):
        current = alias_version(client, name, alias)
        if current != version:
            raise RefusedError(f"{uri} moved to {place(current)} while it was verified: verify again")
    with tempfile.TemporaryDirectory(prefix="seatrial-verify-") as folder:
        files = digest_model(download(client, reference, Path(folder)))
    return envelope, _compared(opened, files, uri)


def _local(
    path: Path, alias: str | None, file: Path | None, trusted: tuple[TrustedKey, ...]
) -> tuple[str, Verified]:
    if file is None:
        raise InputError(f"{path}: a folder needs its signed statement: give the attestation's file")
    if not path.exists():
        raise InputError(f"cannot read {path}: no such file or folder")
    envelope = read_text(file, "attestation").strip()
    opened = _opened(envelope, str(file), trusted)
    signed = opened.attestation.purpose.alias
    if alias is not None and signed != alias:
        raise RefusedError(f"{file}: it is a statement for the alias {signed!r}, not {alias!r}")
    return envelope, _compared(opened, digest_model(path), str(path))


def _opened(envelope: str, where: str, trusted: tuple[TrustedKey, ...]) -> Opened:
    try:
        opened = open_envelope(envelope, trusted)
    except EnvelopeError as error:
        raise RefusedError(f"the signed statement of {where} does not count: {error}") from error
    attestation, key = opened.attestation, opened.key
    if Role(attestation.kind) not in key.roles:
        raise RefusedError(f"{where}: key {key.key_id[:12]}… may not sign a {attestation.kind}")
    if key.expires is not None and attestation.issued >= key.expires:
        raise RefusedError(f"{where}: key {key.key_id[:12]}… had expired when it signed")
    if attestation.kind is Kind.VERDICT and attestation.claims.get("outcome") != "pass":
        raise RefusedError(f"{where}: the signed verdict is {attestation.claims.get('outcome')}, not a pass")
    return opened


def _compared(opened: Opened, files: str, where: str) -> Verified:
    expected = opened.attestation.purpose.files
    if files != expected:
        raise RefusedError(
            f"{where}: these are not the files that were judged: expected {expected}, got {files}"
        )
    return Verified(opened.attestation, opened.key.key_id, files)

"""ed25519 keys: a private one signs, several public ones are trusted, each for what and until when."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seatrial.errors import InputError, MissingExtraError
from seatrial.files import read_text
from seatrial.validation import faults

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

__all__ = [
    "KeyEntry",
    "Role",
    "TrustedKey",
    "generate",
    "load_signer",
    "load_trusted",
    "read_public",
    "trusted_keys",
]


class Role(StrEnum):
    """What a key may sign."""

    VERDICT = "verdict"
    ROLLBACK = "rollback"


class KeyEntry(BaseModel):
    """A public key as a gate file or a key file lists it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    public: str = Field(pattern=r"^[0-9a-f]{64}$", description="The public key, 64 hexadecimal digits.")
    id: str | None = Field(None, description="Its key id, checked where given.")
    may: Annotated[tuple[Role, ...], Field(min_length=1)] = Field(
        (Role.VERDICT,), description="What it may sign: verdict, rollback."
    )
    expires: date | None = Field(None, description="Last day, in UTC, on which what it signs is taken.")


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key that is trusted.

    Attributes:
        key: The key.
        roles: What it may sign.
        expires: Moment from which it is no longer taken; None for never.
    """

    key: "SSlibKey"
    roles: frozenset[Role]
    expires: datetime | None = None

    @property
    def key_id(self) -> str:
        """SHA-256 of the key, 64 hexadecimal digits."""
        return self.key.keyid


class _KeyFile(BaseModel):
    # a gate file is one as well: what else it says does not matter to those who only verify
    model_config = ConfigDict(extra="ignore", frozen=True)

    keys: Annotated[tuple[KeyEntry, ...], Field(min_length=1)]


def load_trusted(path: Path) -> tuple[TrustedKey, ...]:
    """Read the keys of a key file or a gate file.

    Raises:
        InputError: The file cannot be read, or something in its list of keys is not valid.
    """
    try:
        body = yaml.safe_load(read_text(path, "key file"))
        return trusted_keys(_KeyFile.model_validate(body).keys)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise InputError(f"{path}: {faults(error, _KeyFile)}") from error


def trusted_keys(entries: Sequence[KeyEntry]) -> tuple[TrustedKey, ...]:
    """Make keys of what a file lists.

    Raises:
        InputError: A key is no ed25519 key, is listed twice, or has another id than it says.
    """
    found: dict[str, TrustedKey] = {}
    for entry in entries:
        key = _public(entry.public)
        if entry.id is not None and entry.id != key.keyid:
            raise InputError(f"key {entry.public[:12]}…: expected the id {key.keyid}, got {entry.id!r}")
        if key.keyid in found:
            raise InputError(f"key {entry.public[:12]}… is listed twice")
        ends = None if entry.expires is None else _end_of(entry.expires)
        found[key.keyid] = TrustedKey(key, frozenset(entry.may), ends)
    return tuple(found.values())


def generate(path: Path) -> "SSlibKey":
    """Make a new key pair and write the private key as PEM (PKCS #8), readable by its owner alone.

    Raises:
        InputError: There is a file already, or it cannot be written.
    """
    signer_type = _signer_type()
    signer = signer_type.generate_ed25519()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # created for the owner alone from the start, and never over a key that is in use
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(signer.private_bytes)
    except FileExistsError as error:
        raise InputError(f"cannot write {path}: a file of that name is there, and it may be a key") from error
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    return signer.public_key


def load_signer(path: Path) -> "CryptoSigner":
    """Load a private key.

    Raises:
        InputError: The file cannot be read or is no ed25519 private key in PEM.
    """
    signer_type = _signer_type()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise InputError(f"cannot read signing key {path}: {error.strerror}") from error
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: expected an ed25519 private key in PEM, without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: expected an ed25519 private key, got {type(key).__name__}")
    return signer_type(key)


def read_public(path: Path) -> "SSlibKey":
    """Give the public half of a private key file."""
    return load_signer(path).public_key


def _public(digits: str) -> "SSlibKey":
    _signer_type()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import SSlibKey

    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits)))


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)


def _signer_type() -> "type[CryptoSigner]":
    try:
        import cryptography  # noqa: F401 - the signer takes it only when it signs
        from securesystemslib.signer import CryptoSigner
    except ImportError as error:
        raise MissingExtraError(error.name or "securesystemslib", "mlflow") from error
    return CryptoSigner

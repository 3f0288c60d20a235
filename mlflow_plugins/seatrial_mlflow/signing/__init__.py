"""Signed statements about model versions: in-toto statements in DSSE envelopes, signed with ed25519."""

from seatrial_mlflow.signing.attestation import Attestation, Kind, Purpose
from seatrial_mlflow.signing.envelope import EnvelopeError, Opened, open_envelope, seal
from seatrial_mlflow.signing.keys import (
    Role,
    TrustedKey,
    generate,
    load_signer,
    load_trusted,
    read_public,
    trusted_keys,
)

__all__ = [
    "Attestation",
    "EnvelopeError",
    "Kind",
    "Opened",
    "Purpose",
    "Role",
    "TrustedKey",
    "generate",
    "load_signer",
    "load_trusted",
    "open_envelope",
    "read_public",
    "seal",
    "trusted_keys",
]

"""The gate file: what the registry protects, and whose signatures it takes."""

import os
import threading
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from unicodedata import normalize

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seatrial.errors import InputError, examples
from seatrial.files import read_text
from seatrial.validation import faults
from seatrial_mlflow.signing.keys import KeyEntry, TrustedKey, trusted_keys

__all__ = ["GATE_FILE", "Gate", "GateFile", "Rule", "fold"]

#: Environment variable that names the gate file.
GATE_FILE = "SEATRIAL_GATE"

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Alias = Annotated[str, Field(pattern=r"^[\w-]+$")]


def fold(text: str) -> str:
    """Make equal what reads the same: letter case, and letters of other widths."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Section):
    """What is protected of the models that a pattern names."""

    name: str = Field(
        pattern=r"^[^\[\]/:]+$", description="Pattern of registered models' names, with * and ?: solar-*"
    )
    aliases: Annotated[tuple[Alias, ...], Field(min_length=1)] = Field(
        description="Aliases that move only on a signed verdict."
    )
    stages: tuple[Literal["Staging", "Production"], ...] = Field(
        (), description="Stages that only a version which a protected alias points at may enter."
    )
    policies: tuple[Digest, ...] = Field((), description="Digests of the policies that count; none: any.")
    datasets: tuple[Digest, ...] = Field((), description="Digests of the data sets that count; none: any.")

    def matches(self, name: str) -> bool:
        """Tell whether a registered model falls under this rule, in any letter case."""
        return fnmatchcase(fold(name), fold(self.name))


class Gate(_Section):
    """A gate file's content."""

    apiVersion: Literal["seatrial/v1"]  # noqa: N815 - as the file spells it
    kind: Literal["RegistryGate"]
    models: Annotated[tuple[Rule, ...], Field(min_length=1)]
    keys: Annotated[tuple[KeyEntry, ...], Field(min_length=1)]
    reserved_tags: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = Field(
        ("seatrial.",), description="Prefixes of tags that the gate alone writes."
    )
    longest_validity_days: Annotated[float, Field(gt=0, le=366)] = Field(
        30, description="Longest time from signing to expiry that is taken."
    )
    model_files: Literal["read", "trust_signer"] = Field(
        "read", description="Whether the server digests a version's files itself before its alias moves."
    )

    @cached_property
    def trusted(self) -> tuple[TrustedKey, ...]:
        """The keys."""
        return trusted_keys(self.keys)

    @property
    def longest_validity(self) -> timedelta:
        """Longest time from signing to expiry."""
        return timedelta(days=self.longest_validity_days)

    def rules(self, name: str) -> tuple[Rule, ...]:
        """Give the rules that a registered model falls under."""
        return tuple(rule for rule in self.models if rule.matches(name))

    def protected_alias(self, name: str, alias: str) -> str | None:
        """Give the protected alias that ``alias`` is or reads like, as the file spells it; None for none."""
        spelt = {fold(one): one for rule in self.rules(name) for one in rule.aliases}
        return spelt.get(fold(alias))

    def aliases(self, name: str) -> tuple[str, ...]:
        """Give the protected aliases of a registered model."""
        return tuple(dict.fromkeys(one for rule in self.rules(name) for one in rule.aliases))

    def stages(self, name: str) -> tuple[str, ...]:
        """Give the protected stages of a registered model."""
        return tuple(dict.fromkeys(one for rule in self.rules(name) for one in rule.stages))

    def reserves(self, tag: str) -> bool:
        """Tell whether the gate alone writes a tag."""
        return any(fold(tag).startswith(fold(prefix)) for prefix in self.reserved_tags)

    @classmethod
    def load(cls, path: Path) -> "Gate":
        """Read a gate file.

        Raises:
            InputError: The file cannot be read, or something in it is not valid.
        """
        try:
            body = yaml.safe_load(read_text(path, "gate file"))
        except yaml.YAMLError as error:
            raise InputError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
        if not isinstance(body, dict):
            raise InputError(f"{path}: expected a mapping, got {type(body).__name__}")
        try:
            gate = cls.model_validate(body)
        except ValidationError as error:
            raise InputError(f"{path}: {faults(error, cls)}") from error
        try:
            gate.trusted  # noqa: B018 - a key that is none is found now, not at the first promotion
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        _check_spelling(gate, path)
        return gate


class GateFile:
    """A gate file that may be edited while the server runs: read again when it changed.

    Args:
        path: The file.

    Raises:
        InputError: It cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._gate: Gate
        self.current()

    @classmethod
    def from_environment(cls) -> "GateFile":
        """Open the file that the environment names.

        Raises:
            InputError: It names none, or it cannot be used.
        """
        named = os.environ.get(GATE_FILE)
        if not named:
            raise InputError(f"a gated registry needs its gate file: set {GATE_FILE} to its path")
        return cls(Path(named))

    def current(self) -> Gate:
        """Give the content of the file as it is now.

        Raises:
            InputError: It cannot be used; what it said before no longer counts.
        """
        with self._lock:
            try:
                found = self.path.stat()
            except OSError as error:
                raise InputError(f"cannot read gate file {self.path}: {error.strerror}") from error
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen != self._seen:
                self._seen = None
                self._gate = Gate.load(self.path)
                self._seen = seen
            return self._gate


def _check_spelling(gate: Gate, path: Path) -> None:
    aliases = {one for rule in gate.models for one in rule.aliases}
    twins = sorted(one for one in aliases if sum(fold(one) == fold(other) for other in aliases) > 1)
    if twins:
        raise InputError(f"{path}: expected one spelling of an alias, got {examples(twins)}")
    if "latest" in {fold(one) for one in aliases}:
        raise InputError(f"{path}: the alias 'latest' is MLflow's own and cannot be protected")

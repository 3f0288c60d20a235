"""Which models and which data a verdict is about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.digests import digest_file
from seatrial.errors import InputError
from seatrial.gates.verdict import Verdict

__all__ = ["Subject", "read_verdict"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What was judged, as the verdict's ``inputs`` name it.

    Attributes:
        candidate: The candidate's model URI.
        candidate_digest: Content digest of its files.
        baseline: The champion's model URI; None where there was none.
        baseline_digest: Content digest of its files; None where there was none.
        dataset: Name of the data set.
        dataset_digest: Its content digest.
        size: Its images.
        policy_digest: Digest of the policy; empty where the verdict names none.
        verdict_digest: Digest of ``verdict.json``.
    """

    candidate: str
    candidate_digest: str
    baseline: str | None
    baseline_digest: str | None
    dataset: str
    dataset_digest: str
    size: int
    policy_digest: str
    verdict_digest: str


def read_verdict(path: Path) -> tuple[Verdict, Subject]:
    """Read a verdict and what it is about.

    Args:
        path: ``verdict.json`` or the folder that holds it.

    Raises:
        InputError: The file is absent, corrupt or contradicts itself, or does not say which candidate
            and data set it judged.
    """
    file = path / "verdict.json" if path.is_dir() else path
    verdict = Verdict.read(file)
    if not isinstance(verdict.inputs, dict):
        raise InputError(f"{file}: inputs: expected a mapping, got {type(verdict.inputs).__name__}")
    candidate = _part(verdict.inputs, "candidate", ("model", "digest"), file)
    dataset = _part(verdict.inputs, "dataset", ("name", "digest"), file)
    baseline = None
    if verdict.inputs.get("baseline"):
        baseline = _part(verdict.inputs, "baseline", ("model", "digest"), file)
    if contradiction := verdict.contradiction():
        raise InputError(f"{file}: not a verdict that was decided: {contradiction}")
    policy = verdict.inputs.get("policy") or ""
    return verdict, Subject(
        candidate["model"],
        candidate["digest"],
        baseline["model"] if baseline else None,
        baseline["digest"] if baseline else None,
        dataset["name"],
        dataset["digest"],
        int(dataset.get("n") or 0),
        str(policy.get("digest", "") if isinstance(policy, dict) else policy),
        digest_file(file),
    )


def _part(inputs: dict[str, Any], name: str, fields: tuple[str, ...], file: Path) -> dict[str, Any]:
    part = inputs.get(name)
    for field in fields:
        found = part.get(field) if isinstance(part, dict) else None
        if not isinstance(found, str) or not found:
            raise InputError(f"{file}: inputs.{name}.{field}: expected a text, got {found!r}")
    assert isinstance(part, dict)
    return part

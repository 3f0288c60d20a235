"""What a data check found, in a form that a rule, a person and a labelling tool can use."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import InputError
from seatrial.fields import items, mapping, number, one_of, text, whole
from seatrial.files import read_json

__all__ = ["CheckResult", "Finding", "QualityReport", "Severity"]

SCHEMA_VERSION = 1

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        check: Name of the check, e.g. ``"broken"``, ``"exact_duplicates"``.
        severity: How bad it is for the data set.
        message: One sentence for people.
        sample_ids: Samples that it concerns; empty where it concerns the whole data set.
        score: How strongly the check speaks, in the check's own unit; higher is worse.
        evidence: The numbers behind it; JSON values only.
    """

    check: str
    severity: Severity
    message: str
    sample_ids: tuple[str, ...]
    score: float
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended.

    Attributes:
        check: Name of the check.
        status: ``"done"``, ``"crashed"`` or ``"skipped"``; a gate never reads a crash as "nothing found".
        reason: Why it crashed or was skipped; empty when done.
        findings: How many findings it made.
        samples: How many distinct samples they concern.
    """

    check: str
    status: Literal["done", "crashed", "skipped"]
    reason: str
    findings: int
    samples: int


@dataclass(frozen=True, slots=True)
class QualityReport:
    """All findings of one data set.

    Attributes:
        header: ``dataset`` (name, digest, n) and ``reference`` (the same, or null).
        checks: How each check ended.
        findings: Everything found, ordered by check, then score (worst first).
        pages: Artifacts beside the report, by title, as paths relative to its folder
            (Great Expectations' Data Docs, Evidently's page).
    """

    header: dict[str, Any]
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    pages: dict[str, str]

    def write_into(self, folder: Path) -> None:
        """Write ``findings.parquet`` and ``quality.json`` into a folder that exists (an atomic one)."""
        rows = [asdict(one) | {"evidence": json.dumps(one.evidence, sort_keys=True)} for one in self.findings]
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), folder / "findings.parquet")
        body = {
            "schema_version": SCHEMA_VERSION,
            **self.header,
            "checks": [asdict(one) for one in self.checks],
            "findings": [asdict(one) for one in self.findings],
            "pages": self.pages,
        }
        text = json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        (folder / "quality.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "QualityReport":
        """Read what :meth:`write_into` wrote.

        Raises:
            InputError: The folder is absent, incomplete or of another schema version, a field is not what
                it has to be, or a check's count is not that of its findings.
        """
        path = folder / "quality.json"
        body = read_json(path, "check-data writes it")
        try:
            return _report(dict(mapping(body)))
        except InputError as error:
            raise InputError(f"{path}: not a complete quality report: {error}") from error


def _report(body: dict[str, Any]) -> QualityReport:
    version = body.pop("schema_version", None)
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise InputError(f"expected schema_version {SCHEMA_VERSION}, got {version!r}")
    checks = tuple(_check(mapping(one, "checks")) for one in items(body, "checks"))
    findings = tuple(_finding(mapping(one, "findings")) for one in items(body, "findings"))
    pages = mapping(body.get("pages"), "pages")
    whole(mapping(body.get("dataset"), "dataset"), "n")
    header = {key: value for key, value in body.items() if key not in {"checks", "findings", "pages"}}
    _check_counts(checks, findings)
    return QualityReport(header, checks, findings, {title: text(pages, title) for title in pages})


def _check(body: Mapping[str, Any]) -> CheckResult:
    status = one_of(body, "status", ("done", "crashed", "skipped"))
    numbers = (whole(body, "findings"), whole(body, "samples"))
    return CheckResult(text(body, "check"), status, text(body, "reason"), *numbers)


def _finding(body: Mapping[str, Any]) -> Finding:
    severity = one_of(body, "severity", ("error", "warning", "info"))
    ids = tuple(str(one) for one in items(body, "sample_ids"))
    evidence = dict(mapping(body.get("evidence"), "evidence"))
    return Finding(text(body, "check"), severity, text(body, "message"), ids, number(body, "score"), evidence)


def _check_counts(checks: Iterable[CheckResult], findings: Iterable[Finding]) -> None:
    listed = Counter(one.check for one in findings)
    for one in checks:
        if one.findings != listed[one.check]:
            problem = f"says that it found {one.findings}, but {listed[one.check]} findings are listed"
            raise InputError(f"check {one.check!r} {problem}")


_SCHEMA = pa.schema(
    [
        ("check", pa.string()),
        ("severity", pa.string()),
        ("message", pa.string()),
        ("sample_ids", pa.list_(pa.string())),
        ("score", pa.float64()),
        ("evidence", pa.string()),
    ]
)

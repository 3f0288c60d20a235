"""What the data checks found, as the report shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from seatrial.quality import CheckResult, Finding, QualityReport
from seatrial.reporting.display import count, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.thumbnails import Album

__all__ = ["CheckView", "FindingView", "Picture", "check_views", "views_of"]

_SHOWN = 5
_PICTURES = 6
_TRIED = 3
_SEVERITY = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Picture:
    """One thumbnail with its sample's id."""

    id: str
    source: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding, ready to be written."""

    severity: str
    message: str
    samples: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check: how it ended, its worst findings, and a few of the samples that they concern."""

    check: str
    status: str
    severity: str
    reason: str
    findings: str
    samples: str
    found: bool
    shown: tuple[FindingView, ...]
    hidden: str
    pictures: tuple[Picture, ...]


def check_views(inputs: ReportInputs, album: Album, most: int) -> list[CheckView]:
    """Describe every check: crashed ones first, then those with findings, then the quiet ones.

    Args:
        inputs: The quality report, and the evaluation that knows where the images are.
        album: Makes the thumbnails.
        most: Most thumbnails of findings in all.
    """
    quality = inputs.quality
    if quality is None:
        return []
    return views_of(quality, _uris(inputs, quality), album, most)


def views_of(quality: QualityReport, uris: Mapping[str, str], album: Album, most: int) -> list[CheckView]:
    """Describe every check of a report, as :func:`check_views` does.

    Args:
        quality: The report.
        uris: Where images are, by id.
        album: Makes the thumbnails.
        most: Most thumbnails of findings in all.
    """
    by_check: dict[str, list[Finding]] = {}
    for finding in quality.findings:
        by_check.setdefault(finding.check, []).append(finding)
    ordered = sorted(quality.checks, key=lambda one: _urgency(one, by_check.get(one.check, [])))
    views = []
    for check in ordered:
        found = sorted(by_check.get(check.check, []), key=lambda one: _SEVERITY.index(one.severity))
        pictures = _pictures(found, uris, album, min(_PICTURES, most))
        most -= len(pictures)
        views.append(_view(check, found, pictures))
    return views


def _urgency(check: CheckResult, found: list[Finding]) -> tuple[int, int]:
    worst = min((_SEVERITY.index(one.severity) for one in found), default=len(_SEVERITY))
    return {"crashed": 0, "done": 1, "skipped": 2}[check.status], worst


def _view(check: CheckResult, found: list[Finding], pictures: tuple[Picture, ...]) -> CheckView:
    hidden = len(found) - _SHOWN
    return CheckView(
        plain(check.check.replace("_", " ")),
        check.status,
        found[0].severity if found else "",
        plain(check.reason, 600),
        count(check.findings),
        count(check.samples),
        bool(found),
        tuple(
            FindingView(
                one.severity, plain(one.message, 600), count(len(one.sample_ids)) if one.sample_ids else ""
            )
            for one in found[:_SHOWN]
        ),
        count(hidden) if hidden > 0 else "",
        pictures,
    )


def _uris(inputs: ReportInputs, quality: QualityReport) -> dict[str, str]:
    wanted = {one for finding in quality.findings for one in finding.sample_ids}
    samples = inputs.candidate.samples
    if not wanted or "uri" not in samples.column_names:
        return {}
    pairs = zip(samples.column("id").to_pylist(), samples.column("uri").to_pylist(), strict=True)
    return {one: uri for one, uri in pairs if one in wanted and uri is not None}


def _pictures(found: list[Finding], uris: Mapping[str, str], album: Album, most: int) -> tuple[Picture, ...]:
    pictures: list[Picture] = []
    concerned = dict.fromkeys(one for finding in found for one in finding.sample_ids)
    for one in islice(concerned, _TRIED * most):  # most samples of some checks are unreadable
        if len(pictures) >= most:
            break
        source = album.picture(uris.get(one))
        if source is not None:
            pictures.append(Picture(plain(one), source))
    return tuple(pictures)

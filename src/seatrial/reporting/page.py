"""The report: one self-contained HTML file."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from seatrial import __version__
from seatrial.reporting.data_findings import check_views
from seatrial.reporting.decisions import rules
from seatrial.reporting.display import count, metric_display, plain, share
from seatrial.reporting.focus import focus_rows
from seatrial.reporting.headline import headline
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.mistakes import Mistake, MistakeGroup, mistake_groups
from seatrial.reporting.next_steps import next_steps
from seatrial.reporting.payload import embed, payload
from seatrial.reporting.provenance import facts, method, model_name
from seatrial.reporting.regressions import changes, overall, tallies, worst_first
from seatrial.reporting.reliability import reliability_diagram
from seatrial.reporting.thumbnails import Album

__all__ = ["render_html"]

_GLYPHS = {"waived": "w", "pass": "✓", "fail": "✕", "inconclusive": "?", "error": "!", "skipped": "–"}
#: Share of the images that data findings may use.
_FINDING_SHARE = 4
_GROUPS = {
    "broken": ("Broken by the candidate", "Right before, wrong now: the surest mistakes first, those of blocking slices before the others."),
    "fixed": ("Fixed by the candidate", "Wrong before, right now."),
    "wrong": ("Wrong", "The surest mistakes first. Where the model is sure and wrong, check the label too."),
}
_WRONG_IN_BOTH = ("Wrong in both", "Neither model gets these right. Where both are sure, check the label.")


@dataclass(frozen=True, slots=True)
class _Card:
    number: int
    source: str | None
    label: str
    prediction: str
    confidence: str
    right: bool
    baseline: str
    baseline_confidence: str
    baseline_right: bool
    focus: str
    says: str


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    about: str
    tally: str
    cards: tuple[_Card, ...]


def render_html(inputs: ReportInputs) -> str:
    """Write the report as one HTML page that fetches nothing.

    Reads the images that it shows, within the inputs' budget; one that cannot be read is left out. The
    same inputs give the same text.

    Raises:
        InputError: The slice specifications do not fit the evaluation.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = _asset("page.css"), _asset("page.js")
    album = Album(inputs.images, inputs.image_bytes)
    groups = mistake_groups(inputs, focus_rows(inputs), inputs.images - inputs.images // _FINDING_SHARE)
    gallery = _gallery(inputs, groups, album)
    checks = check_views(inputs, album, inputs.images // _FINDING_SHARE)
    return environment.from_string(_asset("page.html")).render(
        policy=_content_security_policy(style, script),
        style=Markup(style),  # noqa: S704 - the package's own file
        script=Markup(script),  # noqa: S704 - the package's own file
        data=embed(payload(inputs, groups)),
        version=__version__,
        glyphs=_GLYPHS,
        head=headline(inputs),
        candidate={"name": model_name(inputs, "candidate")},
        champion={"name": model_name(inputs, "baseline")} if inputs.has_champion else None,
        dataset=_dataset(inputs),
        level=share(inputs.confidence),
        overall=overall(inputs),
        problems=[plain(one, 600) for one in inputs.verdict.problems],
        notes=[plain(one, 600) for one in inputs.verdict.notes],
        rules=rules(inputs),
        **_changes(inputs),
        reliability=_reliability(inputs),
        gallery=gallery,
        pictures_note=_pictures_note(album, groups),
        checks=checks,
        pages=sorted(inputs.quality.pages.items()) if inputs.quality else [],
        steps=next_steps(inputs, groups),
        facts=facts(inputs),
        method=method(inputs),
    )


def _asset(name: str) -> str:
    return files("seatrial.reporting").joinpath(name).read_text(encoding="utf-8")


def _content_security_policy(style: str, script: str) -> str:
    def source(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"

    return (
        f"default-src 'none'; script-src {source(script)}; style-src {source(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _dataset(inputs: ReportInputs) -> dict[str, str]:
    header = inputs.candidate.header
    failures = len(header.failures)
    return {
        "name": plain(header.dataset),
        "n": count(len(inputs.candidate)),
        "failures": count(failures) if failures else "",
    }


def _changes(inputs: ReportInputs) -> dict[str, Any]:
    metric = inputs.headline_metric
    compared = worst_first(inputs, metric)
    chance = len(compared) * (1 - inputs.confidence) / 2
    text = f"Of {count(len(compared))} slices, about {chance:.2g} would look worse by chance alone." if chance >= 0.05 else ""  # noqa: PLR2004
    by_class = next((one for one in ("recall", "f1", "precision") if one in inputs.metrics), metric)
    return {
        "changes": changes(inputs, metric),
        "class_changes": changes(inputs, by_class, by_class=True),
        "tallies": tallies(inputs),
        "chance": text,
    }


def _reliability(inputs: ReportInputs) -> list[dict[str, Any]]:
    found = []
    for model, title in (("candidate", "Candidate"), ("baseline", "Champion")):
        bins = [one for one in inputs.slices.reliability if one["model"] == model]
        if any(one["n"] for one in bins):
            figure = reliability_diagram(bins, inputs.confidence, title=f"Reliability of the {title.lower()}")
            found.append({"title": title + _calibration(inputs, model), "figure": figure})
    return found


def _calibration(inputs: ReportInputs, model: str) -> str:
    row = inputs.find("all", "ece")
    measured = None if row is None else row.candidate if model == "candidate" else row.baseline
    value = getattr(measured, "value", None)
    return "" if value is None else f", calibration error {metric_display('ece').value(value)}"


def _gallery(inputs: ReportInputs, groups: Sequence[MistakeGroup], album: Album) -> list[_Group]:
    found, number = [], 0
    for group in groups:
        title, about = _WRONG_IN_BOTH if group.key == "wrong" and inputs.baseline is not None else _GROUPS[group.key]
        cards = []
        for mistake in group.mistakes:
            cards.append(_card(mistake, number, album))
            number += 1
        shown = "" if len(cards) == group.total else f", {count(len(cards))} shown"
        inside = [f"{count(number)} in {plain(name, 60)}" for name, number in group.focus.items() if number]
        within = f" ({', '.join(inside)})" if inside and group.key == "broken" else ""
        tally = f"{count(group.total)} of {count(group.n)} images{within}{shown}"
        found.append(_Group(title, about, tally, tuple(cards)))
    return found


def _card(mistake: Mistake, number: int, album: Album) -> _Card:
    label, prediction = plain(mistake.label, 60), plain(mistake.prediction, 60)
    before = "" if mistake.baseline_prediction is None else plain(mistake.baseline_prediction, 60)
    sure, sure_before = _sure(mistake.confidence), _sure(mistake.baseline_confidence)
    says = f"{plain(mistake.id, 80)}: truth {label}, candidate says {prediction} {sure}".rstrip()
    return _Card(
        number,
        album.picture(mistake.uri),
        label,
        prediction,
        sure,
        mistake.prediction == mistake.label,
        before,
        sure_before,
        mistake.baseline_prediction == mistake.label,
        plain(mistake.focus[0], 60) if mistake.focus else "",
        f"{says}, champion says {before} {sure_before}".rstrip() if before else says,
    )


def _sure(confidence: float | None) -> str:
    return "" if confidence is None else f"{confidence * 100:.0f}\u202f%"


def _pictures_note(album: Album, groups: Sequence[MistakeGroup]) -> str:
    wanted = sum(len(group.mistakes) for group in groups)
    without = sum(1 for group in groups for one in group.mistakes if one.uri is None)
    parts = []
    if without and wanted:
        parts.append(f"{count(without)} samples have no image, only a prediction.")
    if album.missing:
        reasons = sorted(set(album.missing.values()))
        parts.append(f"{count(len(album.missing))} images could not be read ({plain(', '.join(reasons))}).")
    if len(album):
        parts.append(f"{count(len(album))} thumbnails take {album.size / 1e6:.1f} MB.")
    return " ".join(parts)

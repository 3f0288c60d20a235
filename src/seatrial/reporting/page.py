"""The report: one self-contained HTML file."""

import base64
import hashlib
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

import jinja2
from markupsafe import Markup

from seatrial import __version__
from seatrial.reporting.atlas import Atlas, draw_atlas
from seatrial.reporting.blind_spots import attributes_view, change_view, groups_view
from seatrial.reporting.data_findings import check_views
from seatrial.reporting.decisions import rules
from seatrial.reporting.detections import error_kinds
from seatrial.reporting.display import count, metric_display, plain, share
from seatrial.reporting.distribution import class_distribution, counted
from seatrial.reporting.embedding_points import map_payload
from seatrial.reporting.focus import focus_rows
from seatrial.reporting.gallery import gallery, pictures_note
from seatrial.reporting.headline import headline
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.labelling_batch import BatchView, batch_view
from seatrial.reporting.mistakes import mistake_groups
from seatrial.reporting.next_steps import next_steps
from seatrial.reporting.payload import embed, payload
from seatrial.reporting.policy_text import PolicyText, proposed_scenarios, proposed_slices
from seatrial.reporting.precision_recall import precision_recall
from seatrial.reporting.provenance import facts, method, model_name
from seatrial.reporting.regressions import changes, overall, tallies, worst_first
from seatrial.reporting.reliability import reliability_diagram
from seatrial.reporting.thumbnails import Album
from seatrial.statistics import Estimate

__all__ = ["asset", "bundle", "content_security_policy", "render_html"]

_GLYPHS = {"waived": "w", "pass": "✓", "fail": "✕", "inconclusive": "?", "error": "!", "skipped": "–"}
#: Share of the images' bytes that the cards may use, and samples that have a small picture at most.
_CARD_SHARE, _PICTURES = 4, 10_000
#: Share of the images that data findings may use.
_FINDING_SHARE = 4
#: Shares of the images' bytes that the batch to label and the maps of saliency may use.
_BATCH_SHARE, _SALIENCY_SHARE = 8, 8
#: Fewer false alarms than this are not worth a sentence.
_NEVER = 0.05


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
    style, script = asset("page.css"), bundle(asset("point_map.js"), asset("page.js"))
    album = Album(inputs.images, inputs.image_bytes // _CARD_SHARE)
    groups = mistake_groups(inputs, focus_rows(inputs), inputs.images - inputs.images // _FINDING_SHARE)
    shown = gallery(inputs, groups, album)
    checks = check_views(inputs, album, inputs.images // _FINDING_SHARE)
    batch = _batch(inputs)
    maps = _room_for_maps(inputs)
    atlas = _atlas(inputs, inputs.image_bytes - album.size - maps - (batch.size if batch else 0))
    points = _points(inputs, atlas) if inputs.embedding_map else None
    places = {inputs.ids[one.row]: at for at, one in enumerate(atlas.pictures)}
    return environment.from_string(asset("page.html")).render(
        policy=content_security_policy(style, script),
        style=Markup(style),  # noqa: S704 - the package's own file
        script=Markup(script),  # noqa: S704 - the package's own file
        data=embed(payload(inputs, groups, atlas, points, saliency_room=maps)),
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
        error_kinds=error_kinds(inputs),
        distribution=class_distribution(inputs),
        counted=counted(inputs),
        n_classes=len(inputs.candidate.header.classes),
        warnings=[plain(one, 600) for one in inputs.slices.header.get("warnings", ())],
        groups=groups_view(inputs.found, places) if inputs.found else None,
        attributes=attributes_view(inputs.found) if inputs.found else [],
        changed_groups=change_view(inputs.found) if inputs.found else [],
        batch=batch,
        slices_text=proposed_slices(inputs.found) if inputs.found else PolicyText(""),
        scenarios_text=proposed_scenarios(inputs),
        precision_recall=precision_recall(inputs),
        reliability=_reliability(inputs),
        gallery=shown,
        pictured=any(card.source for group in shown for card in group.cards),
        pictures_note=pictures_note(album, groups),
        checks=checks,
        quiet=[one.check for one in checks if one.status == "done" and not one.found],
        pages=_pages(inputs),
        steps=next_steps(inputs, groups),
        facts=facts(inputs),
        method=method(inputs),
    )


def _batch(inputs: ReportInputs) -> BatchView | None:
    if inputs.batch is None:
        return None
    return batch_view(inputs.batch, pictures=inputs.images, room=inputs.image_bytes // _BATCH_SHARE)


def _room_for_maps(inputs: ReportInputs) -> int:
    found = inputs.saliency
    return 0 if found is None else min(inputs.image_bytes // _SALIENCY_SHARE, found.mapped * found.bytes_each)


def _atlas(inputs: ReportInputs, room: int) -> Atlas:
    uris = inputs.candidate.samples.column("uri").to_pylist()
    row_of = {one: row for row, one in enumerate(inputs.ids)}
    named = [one for group in (inputs.found.confirmed if inputs.found else ()) for one in group["samples"]]
    first = [row_of[one] for one in named if one in row_of]
    return draw_atlas(uris, inputs.outcomes, inputs.failures, first=first, most=_PICTURES, room=room)


def _points(inputs: ReportInputs, atlas: Atlas) -> dict[str, Any] | None:
    found = inputs.found
    told = {} if found is None else {"group that fails": found.groups, "cause": found.causes}
    by_row = {name: [words.get(one) for one in inputs.ids] for name, words in told.items()}
    return map_payload(inputs.candidate, inputs.outcomes, atlas, by_row)


def asset(name: str) -> str:
    """Give a file of the page, ``page.css`` or ``point_map.js``, say."""
    return files("seatrial.reporting").joinpath(name).read_text(encoding="utf-8")


def bundle(*scripts: str) -> str:
    """Put the script of a page together: what every page writes with, then its own parts, in one scope."""
    return "\n".join(['"use strict";\n(() => {', asset("dom.js"), *scripts, "})();\n"])


def content_security_policy(style: str, script: str) -> str:
    """Allow a page its own style, script and pictures, and nothing else.

    Args:
        style: The text of its style element.
        script: The text of its script element.
    """

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
    expected = f"Of {count(len(compared))} slices, about {chance:.2g} would look worse by chance alone."
    by_class = next((one for one in ("recall", "f1", "precision") if one in inputs.metrics), metric)
    return {
        "changes": changes(inputs, metric),
        "class_changes": changes(inputs, by_class, by_class=True),
        "tallies": tallies(inputs),
        "chance": expected if chance > _NEVER else "",
    }


def _pages(inputs: ReportInputs) -> list[tuple[str, str, str]]:
    """Name the pages of the data checks: title, path in their folder, and path from the report or nothing."""
    if inputs.quality is None:
        return []
    return [
        (
            plain(title),
            plain(path),
            "" if inputs.pages is None else (PurePosixPath(inputs.pages) / path).as_posix(),
        )
        for title, path in sorted(inputs.quality.pages.items())
    ]


def _reliability(inputs: ReportInputs) -> list[dict[str, Any]]:
    found = []
    for model, title in (("candidate", "Candidate"), ("baseline", "Champion")):
        bins = [one for one in inputs.slices.reliability if one["model"] == model]
        if any(one["n"] for one in bins):
            figure = reliability_diagram(bins, inputs.confidence, title=f"Reliability of the {title.lower()}")
            said, hover = _calibration(inputs, model)
            found.append({"title": title + said, "hover": hover, "figure": figure})
    return found


def _calibration(inputs: ReportInputs, model: str) -> tuple[str, str]:
    row = inputs.find("all", "ece")
    measured = None if row is None else row.candidate if model == "candidate" else row.baseline
    if not isinstance(measured, Estimate):
        return "", ""
    display = metric_display("ece")
    return f", calibration error {display.value(measured.value)}", display.hover(measured, inputs.confidence)

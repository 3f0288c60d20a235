"""What data checks found, as a page and as Markdown of its own: before there is a model to report on."""

from collections.abc import Mapping
from typing import Any

import jinja2

from seatrial.gates.plain import markdown
from seatrial.quality import QualityReport
from seatrial.reporting.data_findings import views_of
from seatrial.reporting.display import count, plain
from seatrial.reporting.page import asset
from seatrial.reporting.thumbnails import Album

__all__ = ["quality_markdown", "quality_page"]

_PICTURES = 48
_BYTES = 2_000_000
_MESSAGE = 300


def quality_page(quality: QualityReport, uris: Mapping[str, str]) -> str:
    """Write a page that stands alone: every check with its worst findings and pictures of what they concern.

    Args:
        quality: What was found.
        uris: Where images are, by id; those that cannot be read have no picture.
    """
    views = views_of(quality, uris, Album(_PICTURES, _BYTES), _PICTURES)
    said: dict[str, Any] = {
        "title": f"Data quality of {plain(quality.header['dataset']['name'])}",
        "about": _about(quality),
        "loud": [one for one in views if one.found or one.status == "crashed"],
        "quiet": [one.check for one in views if not one.found and one.status == "done"],
        "skipped": [one for one in views if one.status == "skipped"],
    }
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(asset("quality_page.html")).render(said) + "\n"


def quality_markdown(quality: QualityReport) -> str:
    """Write the same in a few lines: the checks that found something, each with its worst finding."""
    worst = {one.check: one for one in reversed(quality.findings)}
    lines = [f"**Data quality**: {_about(quality)}", ""]
    loud = [one for one in quality.checks if one.findings or one.status == "crashed"]
    if not loud:
        return "\n".join([*lines, "Nothing was found."]) + "\n"
    lines += ["| check | findings | samples | worst |", "|---|---|---|---|"]
    for one in loud:
        text = worst[one.check].message if one.findings else f"crashed: {one.reason}"
        cells = (one.check, count(one.findings), count(one.samples), markdown(text, _MESSAGE))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _about(quality: QualityReport) -> str:
    reference = quality.header.get("reference")
    beside = f", held against {plain(reference['name'])}" if reference else ""
    n = quality.header["dataset"]["n"]
    return f"{count(len(quality.findings))} findings in {count(n)} samples{beside}"

"""Blind spots in Markdown, for people."""

from collections.abc import Iterator, Sequence

from seatrial.mining.blind_spot_report import BlindSpotReport
from seatrial.mining.blind_spots import BlindSpots
from seatrial.mining.contrast import Contrast

__all__ = ["blind_spots_markdown"]

_CELLS, _ATTRIBUTES, _SAMPLES = 8, 10, 8

#: Groups that were not confirmed and are shown nevertheless.
_UNCONFIRMED = 3

_WHAT = {"classification": "samples", "detection": "objects", "segmentation": "images"}


def blind_spots_markdown(report: BlindSpotReport) -> str:
    """Say what was found: groups, confusion cells beside them, attributes that matter, changes."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: BlindSpotReport) -> Iterator[str]:
    found = report.found
    what = _WHAT[report.header.task]
    errors = int(found.error.sum())
    yield f"# Blind spots of {_plain(report.header.model)}"
    yield ""
    share = errors / max(len(found.failures), 1)
    yield (
        f"{errors:,} of {len(found.failures):,} {what} of {_plain(report.header.dataset)} fail "
        f"({share:.1%}). Of {found.tried} groups that were found on one half, {len(found.confirmed)} are "
        f"confirmed on the other and do not repeat each other; they hold {found.explained:.0%} of the "
        "errors there."
    )
    if found.failures.bound is not None:
        yield ""
        yield f"An image fails where its mean IoU is below {found.failures.bound:.3g}."
    for note in (*found.notes, *report.notes):
        yield ""
        yield f"*{_plain(note)}*"
    yield from _groups(report, found, "Groups that fail")
    yield from _cells(found)
    yield from _importance(report)
    if report.change is not None:
        change = report.change
        fixed, broken = int(change.fixed.error.sum()), int(change.broken.error.sum())
        title = f"## Against the other model: {fixed:,} fixed, {broken:,} broken, of {change.compared:,}"
        yield from ("", title)
        yield from _groups(report, change.broken, "Groups that were broken", "broken-")
        yield from _groups(report, change.fixed, "Groups that were fixed", "fixed-")


def _groups(report: BlindSpotReport, found: BlindSpots, title: str, prefix: str = "") -> Iterator[str]:
    yield from ("", f"## {title}", "")
    if not found.groups:
        yield "None."
        return
    causes = report.causes if found is report.found else {}
    head = ["group", "errors", "error rate", "elsewhere", "difference", "p", "explains", "mostly"]
    if causes:
        head.append("cause: action")
    rows = []
    unconfirmed = [one for one in found.groups if not one.confirmed]
    shown = [*found.confirmed, *unconfirmed[:_UNCONFIRMED]]
    for group in shown:
        tried = group.tried
        rest = f"{tried.rest_rate:.1%}" if isinstance(tried, Contrast) else f"{tried.reverse} the other way"
        name = _plain(group.title) if group.confirmed else f"{_plain(group.title)} *(not confirmed)*"
        row = [
            f"**{prefix}{group.name}**: {name}",
            f"{len(group.errors):,} of {group.size:,}",
            f"{tried.errors / tried.n:.1%}" if tried.n else "–",
            rest,
            f"{tried.difference:+.1%} [{tried.low:+.1%}, {tried.high:+.1%}]",
            f"{group.p:.2g}",
            f"{tried.explained:.0%}",
            f"{_plain(group.cell[0])} → {_plain(group.cell[1])} ({group.cell[2]:.0%})",
        ]
        if causes:
            cause = causes.get(group.name)
            row.append("" if cause is None else f"{cause.cause}: {_plain(cause.action)}")
        rows.append(row)
    yield from _table(head, rows)
    yield ""
    yield (
        "Rates and intervals are of the half that was not searched; p is corrected for all groups that were "
        "tried there."
    )
    if len(unconfirmed) > _UNCONFIRMED:
        yield (f"{len(unconfirmed) - _UNCONFIRMED} more groups, none confirmed, are in `blind_spots.json`.")
    yield ""
    for group in found.confirmed:
        ids = dict.fromkeys(found.failures.id[group.errors[: 4 * _SAMPLES]].tolist())
        told = ", ".join(_code(one) for one in list(ids)[:_SAMPLES])
        described = group.candidate.description
        more = ""
        if described is not None:
            more = (
                f" Described by {_code(described.where)} (precision {described.precision:.0%}, "
                f"recall {described.recall:.0%})."
            )
        yield f"- **{prefix}{group.name}**, the worst first: {told}.{more}"


def _cells(found: BlindSpots) -> Iterator[str]:
    if not found.cells:
        return
    yield from ("", "## The confusion beside it", "")
    yield from _table(
        ["truth", "taken for", "what is wrong", "errors", "share"],
        [
            [_plain(one.truth), _plain(one.prediction), one.kind, f"{one.count:,}", f"{one.share:.1%}"]
            for one in found.cells[:_CELLS]
        ],
    )
    if len(found.cells) > _CELLS:
        yield ""
        yield f"… and {len(found.cells) - _CELLS} more cells."


def _importance(report: BlindSpotReport) -> Iterator[str]:
    if report.importance:
        yield from ("", "## Attributes that matter", "")
        yield from _table(
            ["attribute", "loss of R² without it"],
            [
                [_plain(one.attribute), f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"]
                for one in report.importance[:_ATTRIBUTES]
            ],
        )
    harmful = [one for one in report.curves if one.harm > 0][:_ATTRIBUTES]
    if harmful:
        yield from ("", "## Values that hurt", "")
        yield from _table(
            ["attribute", "value", "n", "error rate", "over all"],
            [
                [
                    _plain(one.attribute),
                    _plain(one.worst.label),
                    f"{one.worst.n:,}",
                    f"{one.worst.value:.1%} [{one.worst.low:.1%}, {one.worst.high:.1%}]",
                    f"{one.usual:.1%}",
                ]
                for one in harmful
            ],
        )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: str) -> str:
    """Keep a name from being read as Markdown."""
    shown = str(text).replace("\n", " ").replace("\r", " ")
    for mark in "\\|*_`<>[]":
        shown = shown.replace(mark, f"\\{mark}")
    return shown


def _code(text: str) -> str:
    """Write a name as code, in which Markdown reads nothing but the end."""
    return f"`{str(text).replace('`', '').replace(chr(10), ' ').replace(chr(13), ' ')}`"

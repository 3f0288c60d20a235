"""The samples to look at as cards: picture, truth, and what each model says."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.reporting.display import count, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.mistakes import Mistake, MistakeGroup
from seatrial.reporting.thumbnails import Album

__all__ = ["Card", "Group", "gallery", "pictures_note"]

#: Slices that a heading counts at most.
_SLICES = 3
_GROUPS = {
    "broken": (
        "Broken by the candidate",
        "Right before, wrong now: the surest mistakes first, those of blocking slices before the others.",
    ),
    "fixed": ("Fixed by the candidate", "Wrong before, right now."),
    "wrong": ("Wrong", "The surest mistakes first. Where the model is sure and wrong, check the label too."),
}
_WRONG_IN_BOTH = ("Wrong in both", "Neither model gets these right. Where both are sure, check the label.")


@dataclass(frozen=True, slots=True)
class Card:
    """One sample, ready to be written; ``number`` is its place among the embedded samples."""

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
class Group:
    """A kind of mistake with its cards."""

    title: str
    about: str
    tally: str
    cards: tuple[Card, ...]


def gallery(inputs: ReportInputs, groups: Sequence[MistakeGroup], album: Album) -> list[Group]:
    """Describe the chosen samples, with thumbnails as far as the album's budget goes."""
    numbers = itertools.count()
    return [
        Group(
            *_heading(group, paired=inputs.baseline is not None),
            _tally(group),
            tuple(_card(mistake, next(numbers), album) for mistake in group.mistakes),
        )
        for group in groups
    ]


def _heading(group: MistakeGroup, *, paired: bool) -> tuple[str, str]:
    return _WRONG_IN_BOTH if group.key == "wrong" and paired else _GROUPS[group.key]


def _tally(group: MistakeGroup) -> str:
    inside = [f"{count(found)} in {plain(name, 60)}" for name, found in group.focus.items() if found]
    within = f" ({', '.join(inside[:_SLICES])})" if inside and group.key == "broken" else ""
    shown = len(group.mistakes)
    cut = "" if shown == group.total else f", {count(shown)} shown"
    return f"{count(group.total)} of {count(group.n)} images{within}{cut}"


def _card(mistake: Mistake, number: int, album: Album) -> Card:
    label, prediction = plain(mistake.label, 60), plain(mistake.prediction, 60)
    before = "" if mistake.baseline_prediction is None else plain(mistake.baseline_prediction, 60)
    sure, sure_before = _sure(mistake.confidence), _sure(mistake.baseline_confidence)
    says = f"{plain(mistake.id, 80)}: truth {label}, candidate says {prediction} {sure}".rstrip()
    return Card(
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


def pictures_note(album: Album, groups: Sequence[MistakeGroup]) -> str:
    """Say which samples have no picture and why, and what the pictures take."""
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

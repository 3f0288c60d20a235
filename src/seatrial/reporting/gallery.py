"""The samples to look at as cards: picture, truth, and what each model says."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from seatrial.datasets import Task
from seatrial.reporting.display import count, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.mistakes import Mistake, MistakeGroup
from seatrial.reporting.thumbnails import Album

__all__ = ["Card", "Group", "gallery", "pictures_note"]

#: Slices that a heading counts at most.
_SLICES = 3
#: Title and explanation of each kind of mistake by task; ``both`` is ``wrong`` where there is a champion.
_GROUPS: dict[Task, dict[str, tuple[str, str]]] = {
    "classification": {
        "broken": (
            "Broken by the candidate",
            "Right before, wrong now: the surest mistakes first, those of blocking slices before the others.",
        ),
        "fixed": ("Fixed by the candidate", "Wrong before, right now."),
        "wrong": (
            "Wrong",
            "The surest mistakes first. Where the model is sure and wrong, check the label too.",
        ),
        "both": ("Wrong in both", "Neither model gets these right. Where both are sure, check the label."),
    },
    "detection": {
        "broken": (
            "Broken by the candidate",
            "More is missed or made up than before: images of blocking slices first, then the worst.",
        ),
        "fixed": ("Fixed by the candidate", "Less is missed or made up than before."),
        "wrong": ("Wrong", "Objects are missed or made up: the worst first."),
        "both": ("As wrong as before", "Both models miss or make up as much."),
    },
    "segmentation": {
        "broken": (
            "Broken by the candidate",
            "Mean IoU of the image fell by more than 2 points: blocking slices first, then the worst.",
        ),
        "fixed": ("Fixed by the candidate", "Mean IoU of the image rose by more than 2 points."),
        "wrong": ("Worst", "The images with the lowest mean IoU."),
        "both": ("As before", "Mean IoU changed by 2 points at most: the lowest first."),
    },
}
#: What is drawn on the pictures, by what is drawn.
_BOXES = (
    "Boxes: white, an object that is found; yellow, one that is missed; green, a right prediction; "
    "red, a false one."
)
_SURFACES = "Colours: what the model takes each pixel for, one colour a class."
_OUTLINE = "White lines: where classes meet in truth."


@dataclass(frozen=True, slots=True)
class Card:
    """One sample, ready to be written.

    Attributes:
        number: Its place among the embedded samples.
        source: Picture with what the candidate says drawn on it.
        before: Picture with what the champion says drawn on it; None where nothing is drawn.
        label: Truth.
        prediction: What the candidate says.
        confidence: How sure it is.
        right: Whether that is right.
        baseline: What the champion says.
        baseline_confidence: How sure that one is.
        baseline_right: Whether that is right.
        focus: The first blocking slice that holds it.
        says: All of that in a sentence.
    """

    number: int
    source: str | None
    before: str | None
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
            *_heading(group, inputs),
            _tally(group),
            tuple(_card(mistake, next(numbers), album) for mistake in group.mistakes),
        )
        for group in groups
    ]


def _heading(group: MistakeGroup, inputs: ReportInputs) -> tuple[str, str]:
    paired = group.key == "wrong" and inputs.baseline is not None
    return _GROUPS[inputs.candidate.header.task]["both" if paired else group.key]


def _tally(group: MistakeGroup) -> str:
    inside = [f"{count(found)} in {plain(name, 60)}" for name, found in group.focus.items() if found]
    within = f" ({', '.join(inside[:_SLICES])})" if inside and group.key == "broken" else ""
    shown = len(group.mistakes)
    cut = "" if shown == group.total else f", {count(shown)} shown"
    return f"{count(group.total)} of {count(group.n)} images{within}{cut}"


def _card(mistake: Mistake, number: int, album: Album) -> Card:
    now, before = mistake.candidate, mistake.baseline
    label, said = plain(mistake.label, 60), plain(now.words, 60)
    said_before = "" if before is None else plain(before.words, 60)
    sure, sure_before = _sure(now.confidence), _sure(None if before is None else before.confidence)
    says = f"{plain(mistake.id, 80)}: truth {label}, candidate says {said} {sure}".rstrip()
    return Card(
        number,
        album.picture(mistake.uri, now.marks),
        album.picture(mistake.uri, before.marks)
        if before is not None and before.marks != now.marks
        else None,
        label,
        said,
        sure,
        now.right,
        said_before,
        sure_before,
        before is not None and before.right,
        plain(mistake.focus[0], 60) if mistake.focus else "",
        f"{says}, champion says {said_before} {sure_before}".rstrip() if said_before else says,
    )


def _sure(confidence: float | None) -> str:
    return "" if confidence is None else f"{confidence * 100:.0f}\u202f%"


def pictures_note(album: Album, groups: Sequence[MistakeGroup]) -> str:
    """Say what is drawn on the pictures, which samples have none and why, and what the pictures take."""
    wanted = sum(len(group.mistakes) for group in groups)
    without = sum(1 for group in groups for one in group.mistakes if one.uri is None)
    parts = _legend(groups)
    if without and wanted:
        parts.append(f"{count(without)} samples have no image, only a prediction.")
    if album.missing:
        reasons = sorted(set(album.missing.values()))
        parts.append(f"{count(len(album.missing))} images could not be read ({plain(', '.join(reasons))}).")
    if len(album):
        parts.append(f"{count(len(album))} thumbnails take {album.size / 1e6:.1f} MB.")
    return " ".join(parts)


def _legend(groups: Sequence[MistakeGroup]) -> list[str]:
    kinds = {mark.kind for group in groups for one in group.mistakes for mark in one.candidate.marks}
    of_masks = {"surfaces": _SURFACES, "outline": _OUTLINE}
    boxes = [_BOXES] if kinds - set(of_masks) else []
    return boxes + [words for kind, words in of_masks.items() if kind in kinds]

"""How often each class is there, and is predicted."""

from collections import Counter
from dataclasses import dataclass

from seatrial.datasets import Task
from seatrial.reporting.display import count, plain, share
from seatrial.reporting.inputs import ReportInputs
from seatrial.slices import ALL
from seatrial.statistics import wilson

__all__ = ["Distribution", "class_distribution", "counted"]

#: Classes that are listed at most: of more, those of which too much or too little is said.
_CLASSES = 40
_COUNTED: dict[Task, str] = {"classification": "images", "detection": "objects", "segmentation": "pixels"}


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often a class is there and is predicted; widths are shares of the greatest count, in [0, 1]."""

    name: str
    truths: str
    predictions: str
    before: str
    width_truths: float
    width_predictions: float
    hover: str


def counted(inputs: ReportInputs) -> str:
    """Say what is counted: images, objects or pixels."""
    return _COUNTED[inputs.candidate.header.task]


def class_distribution(inputs: ReportInputs) -> list[Distribution]:
    """Put the frequency of each class in the truth beside that in the predictions, the most frequent first.

    Of more than forty classes, those are listed whose two counts differ most.
    """
    truths, now = _counts(inputs, "candidate")
    _, before = _counts(inputs, "baseline")
    names = sorted(truths.keys() | now.keys(), key=lambda name: (-abs(truths[name] - now[name]), name))
    ranked = sorted(names[:_CLASSES], key=lambda name: (-truths[name], name))
    most = max((*truths.values(), *now.values()), default=0) or 1
    return [
        Distribution(
            plain(name, 60),
            count(truths[name]),
            count(now[name]),
            count(before[name]) if before else "",
            truths[name] / most,
            now[name] / most,
            _hover(inputs, name, truths, now),
        )
        for name in ranked
    ]


def _counts(inputs: ReportInputs, role: str) -> tuple[Counter[str], Counter[str]]:
    """Count each class in the truth and among the predictions of a model."""
    truths: Counter[str] = Counter()
    said: Counter[str] = Counter()
    details = inputs.slices.details or {}
    if inputs.candidate.header.task == "detection":
        for one in details.get(role, {}).get("class_counts", ()):
            truths[one["class"]] += one["truths"]
            said[one["class"]] += one["predictions"]
        return truths, said
    for cell in inputs.slices.confusion:
        if cell.slice == ALL and cell.model == role:
            truths[cell.label] += cell.count
            said[cell.prediction] += cell.count
    return truths, said


def _hover(inputs: ReportInputs, name: str, truths: Counter[str], now: Counter[str]) -> str:
    unit, total = counted(inputs), truths.total()
    there = f"{count(truths[name])} of n = {count(total)} {unit} are {plain(name, 60)}"
    if unit != "images":  # of one image they go together: shares of them have no simple interval
        return f"{there}, {count(now[name])} are predicted as that; no interval"
    shares = [_share(one[name], total, inputs.confidence) for one in (truths, now)]
    return f"{there} ({shares[0]}), {count(now[name])} are predicted as that ({shares[1]})"


def _share(number: int, total: int, confidence: float) -> str:
    low, high = wilson(number, total, confidence)
    value = f"{100 * number / total:.1f}"
    return f"{value}\u202f%, {share(confidence)} interval {low * 100:.1f} to {high * 100:.1f}\u202f%"

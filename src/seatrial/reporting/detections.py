"""What only a detector's report shows: which kinds of error cost most, and what is predicted how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seatrial.reporting.display import count, plain
from seatrial.reporting.inputs import ReportInputs

__all__ = ["Distribution", "ErrorKind", "class_distribution", "error_kinds"]

#: What each of TIDE's types means, in the words of Bolya et al. 2020, section 2.
_MEANINGS = {
    "classification": "well placed, but of another class",
    "localization": "of the right class, but badly placed",
    "both": "of another class and badly placed",
    "duplicate": "found already by a surer prediction",
    "background": "there is nothing",
    "missed": "an object that nothing comes near",
}
#: Classes that are listed at most, the most frequent first.
_CLASSES = 40


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One of TIDE's types of error.

    Attributes:
        name: The type.
        meaning: What it means.
        errors: How many the candidate makes.
        cost: AP50 points that mending them alone would gain; empty where unknown.
        width: That as a share of the greatest cost of either model, in [0, 1].
        errors_before: How many the champion makes; empty without a champion.
        cost_before: Its cost.
        width_before: Its share.
    """

    name: str
    meaning: str
    errors: str
    cost: str
    width: float
    errors_before: str = ""
    cost_before: str = ""
    width_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often a class is there and is predicted; widths are shares of the greatest count, in [0, 1]."""

    name: str
    truths: str
    predictions: str
    before: str
    width_truths: float
    width_predictions: float


def error_kinds(inputs: ReportInputs) -> list[ErrorKind]:
    """Put both models' errors beside each other, the candidate's most costly first; empty without any."""
    found = {role: {one["kind"]: one for one in _of(inputs, role).get("errors", ())} for role in _ROLES}
    most = max((one["delta_ap"] or 0.0 for kinds in found.values() for one in kinds.values()), default=0.0)
    kinds = []
    for name, one in found["candidate"].items():
        before = found["baseline"].get(name)
        kinds.append(
            ErrorKind(
                name,
                _MEANINGS.get(name, ""),
                count(one["count"]),
                _points(one["delta_ap"]),
                _share(one["delta_ap"], most),
                *(
                    ()
                    if before is None
                    else (
                        count(before["count"]),
                        _points(before["delta_ap"]),
                        _share(before["delta_ap"], most),
                    )
                ),
            )
        )
    return sorted(kinds, key=lambda kind: -kind.width)


def class_distribution(inputs: ReportInputs) -> list[Distribution]:
    """Put the frequency of each class in the truth beside that in the predictions; empty without any."""
    now = _of(inputs, "candidate").get("class_counts", ())
    before = {one["class"]: one["predictions"] for one in _of(inputs, "baseline").get("class_counts", ())}
    most = max((max(one["truths"], one["predictions"]) for one in now), default=0)
    ranked = sorted(now, key=lambda one: (-one["truths"], one["class"]))[:_CLASSES]
    return [
        Distribution(
            plain(one["class"], 60),
            count(one["truths"]),
            count(one["predictions"]),
            count(before[one["class"]]) if one["class"] in before else "",
            _share(one["truths"], most),
            _share(one["predictions"], most),
        )
        for one in ranked
    ]


_ROLES = ("candidate", "baseline")


def _of(inputs: ReportInputs, role: str) -> Mapping[str, Any]:
    details: Mapping[str, Any] = inputs.slices.details or {}
    found: Mapping[str, Any] = details.get(role, {})
    return found


def _points(delta: float | None) -> str:
    return "" if delta is None else f"{delta * 100:.1f}"


def _share(value: float | None, most: float) -> float:
    return 0.0 if not value or most <= 0 else value / most

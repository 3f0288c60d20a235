"""What only a detector's report shows: which kinds of error cost most."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from seatrial.reporting.display import count
from seatrial.reporting.inputs import ReportInputs

__all__ = ["ErrorKind", "error_kinds"]

#: What each of TIDE's types means, in the words of Bolya et al. 2020, section 2.
_MEANINGS = {
    "classification": "well placed, but of another class",
    "localization": "of the right class, but badly placed",
    "both": "of another class and badly placed",
    "duplicate": "found already by a surer prediction",
    "background": "there is nothing",
    "missed": "an object that nothing comes near",
}


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
        hover: All of that in a sentence, with the number of objects.
    """

    name: str
    meaning: str
    errors: str
    cost: str
    width: float
    errors_before: str = ""
    cost_before: str = ""
    width_before: float = 0.0
    hover: str = ""


def error_kinds(inputs: ReportInputs) -> list[ErrorKind]:
    """Put both models' errors beside each other, the candidate's most costly first; empty without any."""
    found = {role: {one["kind"]: one for one in _of(inputs, role).get("errors", ())} for role in _ROLES}
    most = max((one["delta_ap"] or 0.0 for kinds in found.values() for one in kinds.values()), default=0.0)
    objects = sum(one["truths"] for one in _of(inputs, "candidate").get("class_counts", ()))
    kinds = []
    for name, one in found["candidate"].items():
        before = found["baseline"].get(name)
        gain = _points(one["delta_ap"]) or "an unknown number of"
        hover = (
            f"{name}: {count(one['count'])} errors of the candidate, n = {count(objects)} true objects; "
            f"mending them alone would gain {gain} points of AP50; no interval"
        )
        kind = ErrorKind(
            name,
            _MEANINGS.get(name, ""),
            count(one["count"]),
            _points(one["delta_ap"]),
            _share(one["delta_ap"], most),
            hover=hover,
        )
        if before is not None:
            kind = replace(
                kind,
                errors_before=count(before["count"]),
                cost_before=_points(before["delta_ap"]),
                width_before=_share(before["delta_ap"], most),
            )
        kinds.append(kind)
    return sorted(kinds, key=lambda kind: -kind.width)


_ROLES = ("candidate", "baseline")


def _of(inputs: ReportInputs, role: str) -> Mapping[str, Any]:
    details: Mapping[str, Any] = inputs.slices.details or {}
    found: Mapping[str, Any] = details.get(role, {})
    return found


def _points(delta: float | None) -> str:
    return "" if delta is None else f"{delta * 100:.1f}"


def _share(value: float | None, most: float) -> float:
    return 0.0 if not value or most <= 0 else value / most

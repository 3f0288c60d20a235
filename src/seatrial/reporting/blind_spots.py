"""Groups that fail, what they share, and which attributes matter: what ``find_blind_spots`` found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from markupsafe import Markup
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial.mining import Failures
from seatrial.reporting.display import count, plain, share
from seatrial.reporting.svg import Scale, element

__all__ = ["CAUSES", "FoundGroups", "attributes_view", "change_view", "groups_view"]

_GROUPS, _ATTRIBUTES, _POINTS, _NAMED = 8, 8, 14, 8
_WIDE, _ROW = 220.0, 22.0
_MEMBERS = ("group", "id", "row", "object", "error")
_SOURCES = {
    "attributes": "told by attributes",
    "embedding": "a cluster of embeddings",
    "both": "a cluster of embeddings, told by attributes",
    "cell": "a cell of the confusion matrix",
}
#: What each cause is called.
CAUSES = {
    "spurious": "spurious correlation",
    "wrong_label": "wrong labels",
    "rare": "rare in training",
    "ambiguous": "ambiguous",
    "unexplained": "not explained",
}


@dataclass(frozen=True)
class FoundGroups:
    """What ``find_blind_spots`` wrote about one evaluation.

    Attributes:
        report: The content of ``blind_spots.json``.
        groups: Names of the groups of each sample, the first of those that hold it, by sample id.
        causes: The cause of each failing sample, by sample id.
        members: The units of each group: ``group``, ``id``, ``row``, ``object``, ``error``.
    """

    report: Mapping[str, Any]
    groups: Mapping[str, str]
    causes: Mapping[str, str]
    members: pa.Table

    @classmethod
    def read(cls, folder: Path) -> "FoundGroups":
        """Read what the step wrote.

        Raises:
            InputError: The folder is none, or incomplete.
        """
        report = read_json(folder / "blind_spots.json", "find-blind-spots writes it")
        needed = ("dataset", "groups", "importance", "curves", "cells", "metrics", "task")
        missing = [key for key in needed if not isinstance(report, dict) or key not in report]
        if missing:
            raise InputError(f"{folder / 'blind_spots.json'}: expected the key {missing[0]!r}, there is none")
        members = _table(folder / "groups.parquet", _MEMBERS)
        causes = _table(folder / "causes.parquet", ("id", "cause"))
        return cls(report, _by_id(members, "group"), _by_id(causes, "cause"), members)

    @property
    def confirmed(self) -> list[Mapping[str, Any]]:
        """The groups that held on the other half of the data, those that explain most first."""
        return [one for one in self.report["groups"] if one["confirmed"]]

    def failing_units(self, failures: Failures) -> dict[str, NDArray[np.int64]]:
        """Find the failing units of each group, places among those of the same evaluation, ascending.

        Args:
            failures: The units; what the groups hold beyond them is left out.
        """
        of_images = failures.object is None
        known = failures.row if failures.object is None else failures.object
        places = {row: unit for unit, row in enumerate(known.tolist()) if failures.error[unit]}
        rows = self.members.column("row" if of_images else "object").to_pylist()
        names = self.members.column("group").to_pylist()
        found: dict[str, set[int]] = {}
        for name, row in zip(names, rows, strict=True):
            if row in places:
                found.setdefault(name, set()).add(places[row])
        return {name: np.array(sorted(units), dtype=np.int64) for name, units in found.items()}


def _table(path: Path, columns: Sequence[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=list(columns)).select(columns)
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise InputError(f"cannot read {path}: {error}") from error


def _by_id(table: pa.Table, column: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one, value in zip(table.column("id").to_pylist(), table.column(column).to_pylist(), strict=True):
        if value is not None:
            found.setdefault(one, value)
    return found


def groups_view(found: FoundGroups, places: Mapping[str, int]) -> list[dict[str, Any]]:
    """Describe the confirmed groups.

    Args:
        found: What was found.
        places: Place of each sample's small picture, by sample id.
    """
    return [_group(one, places) for one in found.confirmed[:_GROUPS]]


def _group(one: Mapping[str, Any], places: Mapping[str, int]) -> dict[str, Any]:
    cause, cell, tried = one.get("cause") or {}, one.get("cell") or {}, one.get("tried") or {}
    named = one.get("description")
    pictured = [places[sample] for sample in one["samples"] if sample in places]
    return {
        "name": plain(one["name"]),
        "title": plain(one["title"], 200),
        "source": _SOURCES.get(one["source"], one["source"]),
        "described": plain(str(named.get("where", "")), 200) if isinstance(named, Mapping) else "",
        "errors": count(one["errors"]),
        "n": count(one["support"]),
        "rate": _rate(tried.get("rate", one["errors"] / max(one["support"], 1))),
        "rest": _rate(tried["rest_rate"]) if "rest_rate" in tried else "",
        "difference": _points(one["effect"]),
        "interval": f"{_points(one['low'])} to {_points(one['high'])}",
        "p": f"{one['p']:.2g}" if one.get("p") is not None else "",
        "explained": _rate(one["explained"]),
        "cell": f"{plain(str(cell['truth']), 60)} → {plain(str(cell['prediction']), 60)}" if cell else "",
        "cell_share": _rate(cell["share"]) if cell else "",
        "cause": CAUSES.get(cause.get("cause", ""), ""),
        "action": plain(str(cause.get("action", ""))),
        "why": plain(str(cause.get("reason", "")), 400),
        "pictures": pictured[:_NAMED],
    }


def _rate(value: float) -> str:
    return f"{value * 100:.1f}\u202f%"


def _points(value: float) -> str:
    return f"{value * 100:+.1f}".replace("-", "−")


def attributes_view(found: FoundGroups) -> list[dict[str, Any]]:
    """Describe the attributes that matter most, each with the curve of the error rate over it."""
    curves = {one["attribute"]: one["points"] for one in found.report["curves"]}
    most = max((one["high"] for one in found.report["importance"]), default=1.0) or 1.0
    level = float(found.report.get("options", {}).get("measure", {}).get("confidence", 0.95))
    return [
        {
            "name": plain(one["attribute"]),
            "value": f"{one['value']:.3f}",
            "interval": f"{one['low']:.3f} to {one['high']:.3f}",
            "width": f"{max(0.0, min(1.0, one['value'] / most)) * 100:.1f}",
            "curve": _curve(one["attribute"], curves.get(one["attribute"], ()), level),
        }
        for one in found.report["importance"][:_ATTRIBUTES]
        if one["high"] > 0
    ]


def _curve(name: str, points: Sequence[Mapping[str, Any]], level: float) -> Markup:
    """Draw the error rate of each value or bin with its interval, one row each."""
    shown = list(points)[:_POINTS]
    across = Scale(0.0, max([point["high"] for point in shown], default=1.0) or 1.0, 8, _WIDE - 8)
    parts = [element("title", f"error rate over {plain(name)}")]
    for row, point in enumerate(shown):
        y = _ROW * row + _ROW / 2
        label, rate = plain(str(point["label"]), 24), _rate(point["value"])
        says = (
            f"{label}: error rate {rate}, {share(level)} interval {_rate(point['low'])} to "
            f"{_rate(point['high'])}, n = {count(point['n'])}"
        )
        parts.append(
            element(
                "g",
                element("title", says),
                element(
                    "rect", x=0, y=y - _ROW / 2, width=_WIDE + 250, height=_ROW, class_="st-hit", fill="none"
                ),
                element(
                    "line",
                    x1=across(point["low"]),
                    x2=across(point["high"]),
                    y1=y,
                    y2=y,
                    class_="st-bar st-candidate",
                    stroke_width=3,
                    stroke_linecap="round",
                ),
                element("circle", cx=across(point["value"]), cy=y, r=4, class_="st-dot st-candidate"),
                element("text", f"{label}", x=_WIDE + 12, y=y + 4, class_="st-text"),
                element(
                    "text",
                    f"{rate}, n = {count(point['n'])}",
                    x=_WIDE + 250,
                    y=y + 4,
                    class_="st-tick",
                    text_anchor="end",
                ),
            )
        )
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {_WIDE + 254:g} {max(_ROW * len(shown), 1):g}",
        class_="curve",
        role="img",
        font_size=11.5,
    )


def change_view(found: FoundGroups) -> list[dict[str, Any]]:
    """Describe what the candidate fixed and broke, as groups; empty where it was compared with nothing."""
    compared = found.report.get("comparison") or {}
    return [
        {
            "kind": kind,
            "title": plain(one["title"], 200),
            "n": count(one["support"]),
            "errors": count(one["errors"]),
            "difference": _points(one["effect"]),
            "interval": f"{_points(one['low'])} to {_points(one['high'])}",
        }
        for kind in ("broken", "fixed")
        for one in compared.get(f"{kind}_groups", ())
        if one["confirmed"]
    ]

"""The data that the report's script sorts, filters and draws: compact JSON."""

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
from markupsafe import Markup

from seatrial.datasets import Task
from seatrial.reporting.atlas import Atlas
from seatrial.reporting.display import count, metric_display, plain
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.mistakes import Mistake, MistakeGroup, Said
from seatrial.reporting.saliency import saliency_payload
from seatrial.slices import ALL, ConfusionCell, SliceRow
from seatrial.slices.report import BACKGROUND
from seatrial.statistics import Estimate, Measurement, NotComputable
from seatrial.statistics.proportion import z_score

__all__ = ["embed", "payload", "short"]

#: Rows of single classes that are embedded at most; the largest slices come first.
CLASS_ROWS = 8_000
#: Confusion cells that are embedded at most.
CONFUSION_CELLS = 60_000
#: With more classes than this, only the most confused pairs of each slice are kept.
HEAT_MAP_CLASSES = 30
_PAIRS = 12
#: What the cells of a confusion matrix count.
_COUNTED: dict[Task, str] = {"classification": "samples", "detection": "objects", "segmentation": "pixels"}
_DIGITS = 6
#: Attributes from here on are written without decimals, and from here on as powers of ten.
_THOUSANDS, _POWERS = 1e3, 1e12

#: Codes of truth and prediction, and how often.
_Triple = tuple[int, int, int]


def payload(
    inputs: ReportInputs,
    groups: Sequence[MistakeGroup],
    atlas: Atlas,
    points: dict[str, Any] | None,
    *,
    class_rows: int = CLASS_ROWS,
    saliency_room: int = 0,
) -> dict[str, Any]:
    """Gather what the script needs.

    Args:
        inputs: The results.
        groups: The chosen samples.
        atlas: Small pictures, and those of each cell of the confusion matrix.
        points: The map, see :func:`~seatrial.reporting.embedding_points.map_payload`; None for none.
        class_rows: Most rows of single classes.
        saliency_room: Most bytes of all maps of saliency together.

    Returns:
        JSON values. A cell is ``[n, value, low, high, base n, base value, base low, base high, difference,
        low, high, p, reason, base reason]`` without its trailing nulls.
    """
    slices = _slices(inputs)
    place = {one["name"]: index for index, one in enumerate(slices)}
    classes = list(inputs.slices.header.get("classes", ()))
    if inputs.candidate.header.task == "detection":
        classes.append(BACKGROUND)
    by_class, left_out = _class_cells(inputs, place, class_rows)
    rows = {one: row for row, one in enumerate(inputs.ids)}
    place_of = {picture.row: at for at, picture in enumerate(atlas.pictures)}
    found = inputs.saliency
    return {
        "confidence": inputs.confidence,
        "z": short(z_score(inputs.confidence)),
        "champion": inputs.has_champion,
        "metrics": [_metric(name) for name in inputs.metrics],
        "first": inputs.headline_metric,
        "slices": [{**one, "name": plain(one["name"])} for one in slices],
        "classes": [plain(one) for one in classes],
        "cells": _cells(inputs, place),
        "class_cells": by_class,
        "class_slices_left_out": left_out,
        "counted": _COUNTED[inputs.candidate.header.task],
        "confusion": _confusion(inputs.slices.confusion, slices, classes),
        "heat_map": len(classes) <= HEAT_MAP_CLASSES,
        "atlas": _atlas(inputs, atlas, classes),
        "map": points,
        "saliency": None
        if found is None
        else saliency_payload(found, atlas, rows, classes, room=saliency_room),
        "samples": [
            {**_sample(one), "place": place_of.get(rows[one.id])}
            for group in groups
            for one in group.mistakes
        ],
    }


def _atlas(inputs: ReportInputs, atlas: Atlas, classes: list[str]) -> dict[str, Any]:
    """Give ``pictures``, each ``[id, truth, said, confidence, right, source]``, and their places by cell."""
    outcomes, ids = inputs.outcomes, inputs.candidate.samples.column("id")
    pictures = [
        [
            plain(ids[one.row].as_py(), 80),
            _words(outcomes.truth[one.row]),
            _words(outcomes.said[one.row]),
            None if np.isnan(outcomes.confidence[one.row]) else short(float(outcomes.confidence[one.row])),
            bool(outcomes.error[one.row] == 0),
            one.source,
        ]
        for one in atlas.pictures
    ]
    code = {name: at for at, name in enumerate(classes)}
    names = (*inputs.candidate.header.classes, BACKGROUND)
    cells = {
        f"{code[names[truth]]}-{code[names[said]]}": list(places)
        for (truth, said), places in sorted(atlas.cells.items())
        if names[truth] in code and names[said] in code
    }
    return {"pictures": pictures, "cells": cells}


def _words(text: str | None) -> str | None:
    return None if text is None else plain(text, 60)


def embed(value: Any) -> Markup:
    """Write JSON for a ``<script type="application/json">``: no ``<``, ``>`` or ``&`` is left in it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing that could end the element is left


def _slices(inputs: ReportInputs) -> list[dict[str, Any]]:
    seen: dict[str, dict[str, Any]] = {}
    for row in inputs.slices.rows:
        seen.setdefault(
            row.slice,
            {
                "name": row.slice,
                "family": plain(row.family),
                "n": row.n,
                "level": row.level,
                "at": [[plain(name), plain(value)] for name, value in row.attributes.items()],
            },
        )
    judged = {one.slice: str(one.outcome) for one in inputs.verdict.decisions if one.blocking}
    for name, one in seen.items():
        if name in judged:
            one["blocks"] = judged[name]
    return sorted(seen.values(), key=lambda one: one["name"] != ALL)


def _metric(name: str) -> dict[str, Any]:
    display = metric_display(name)
    return {
        "name": name,
        "label": display.label,
        "percent": display.percent,
        "higher": display.higher_is_better,
        "about": display.description,
    }


def _cells(inputs: ReportInputs, place: dict[str, int]) -> dict[str, list[list[Any] | None]]:
    cells: dict[str, list[list[Any] | None]] = {name: [None] * len(place) for name in inputs.metrics}
    for row in inputs.slices.rows:
        if row.class_ is None:
            cells[row.metric][place[row.slice]] = _cell(row)
    return cells


def _class_cells(
    inputs: ReportInputs, place: dict[str, int], room: int
) -> tuple[dict[str, dict[int, list[Any]]], int]:
    """Give ``{metric: {slice: [[class, *cell], …]}}`` of the largest slices, and how many were left out."""
    by_slice: dict[str, list[SliceRow]] = {}
    for row in inputs.slices.rows:
        if row.class_ is not None:
            by_slice.setdefault(row.slice, []).append(row)
    found: dict[str, dict[int, list[Any]]] = {}
    left_out = 0
    for name, rows in sorted(by_slice.items(), key=lambda one: (one[0] != ALL, -one[1][0].n, one[0])):
        if len(rows) > room:
            left_out += 1
            continue
        room -= len(rows)
        for row in rows:
            listed = found.setdefault(row.metric, {}).setdefault(place[name], [])
            listed.append([plain(row.class_), *_cell(row)])
    return found, left_out


def _cell(row: SliceRow) -> list[Any]:
    difference = row.difference
    cell = [
        *_numbers(row.candidate),
        *(_numbers(row.baseline) if row.baseline is not None else [None] * 4),
        *(
            [None] * 4
            if difference is None
            else map(short, (difference.value, difference.low, difference.high, difference.p_worse))
        ),
        _reason(row.candidate),
        _reason(row.baseline),
    ]
    while cell and cell[-1] is None:
        cell.pop()
    return cell


def _numbers(measured: Measurement) -> list[float | None]:
    if isinstance(measured, Estimate):
        return [measured.n, short(measured.value), short(measured.low), short(measured.high)]
    return [measured.n, None, None, None]


def _reason(measured: Measurement | None) -> str | None:
    return plain(measured.reason) if isinstance(measured, NotComputable) else None


def short(value: float | None) -> float | None:
    """Keep the digits that anybody can see."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _confusion(
    cells: Iterable[ConfusionCell], slices: list[dict[str, Any]], classes: list[str]
) -> dict[int, dict[str, list[int]]]:
    """Give ``{slice: {model: [truth, prediction, count, …]}}`` until the room is used."""
    code = {name: index for index, name in enumerate(classes)}
    grouped: dict[tuple[str, str], list[_Triple]] = {}
    for cell in cells:
        if cell.label in code and cell.prediction in code:
            triple = (code[cell.label], code[cell.prediction], cell.count)
            grouped.setdefault((cell.slice, cell.model), []).append(triple)
    room = CONFUSION_CELLS
    found: dict[int, dict[str, list[int]]] = {}
    order = sorted(
        range(len(slices)),
        key=lambda index: (index > 0, "blocks" not in slices[index], -slices[index]["n"], index),
    )
    for index in order:
        models = {
            model: sorted(grouped.get((slices[index]["name"], model), []))
            for model in ("candidate", "baseline")
        }
        if len(classes) > HEAT_MAP_CLASSES:
            models = _most_confused(models)
        used = sum(map(len, models.values()))
        if 0 < used <= room:
            room -= used
            found[index] = {
                model: [one for triple in kept for one in triple] for model, kept in models.items() if kept
            }
    return found


def _most_confused(models: dict[str, list[_Triple]]) -> dict[str, list[_Triple]]:
    """Keep the pairs that either model confuses most, with the counts of both."""
    wrong = {model: [one for one in triples if one[0] != one[1]] for model, triples in models.items()}
    pairs = {
        one[:2]
        for triples in wrong.values()
        for one in sorted(triples, key=lambda one: (-one[2], one))[:_PAIRS]
    }
    return {model: [one for one in triples if one[:2] in pairs] for model, triples in wrong.items()}


def _sample(mistake: Mistake) -> dict[str, Any]:
    return {
        "id": plain(mistake.id),
        "uri": plain(_address(mistake.uri)) if mistake.uri else None,
        "attributes": [[plain(name), _attribute(value)] for name, value in mistake.attributes.items()],
        "scores": _scores(mistake.candidate),
        "baseline_scores": _scores(mistake.baseline),
    }


def _scores(said: Said | None) -> list[list[Any]]:
    return [] if said is None else [[plain(name), short(value)] for name, value in said.scores]


def _address(uri: str) -> str:
    """Give a remote image's URI, and a local one's file name: its folder means nothing elsewhere."""
    return uri if "://" in uri else PurePath(uri).name


def _attribute(value: Any) -> str:
    if not isinstance(value, float):
        return plain(value)
    return count(value) if _THOUSANDS <= abs(value) < _POWERS else f"{value:.4g}"

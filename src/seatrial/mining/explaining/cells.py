"""Explanations averaged over confusion cells and over slices: the data of the confusion explorer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable, Explanations
from seatrial.mining.explaining.choice import worst_by_cell
from seatrial.mining.failures import KINDS, Failures
from seatrial.slices import SliceSpec
from seatrial.slices.membership import fit, members
from seatrial.statistics import Estimate, Measurement, NotComputable, wilson_from_error

__all__ = ["CellView", "cells_of", "mean_share", "slice_views"]

#: Samples that a cell names.
MOST_SAMPLES = 200

_LEAST = 2


@dataclass(frozen=True, slots=True)
class CellView:
    """What explanations amount to on some units.

    Attributes:
        name: Of the slice; for a cell ``truth → prediction (kind)``.
        truth: Class name, ``background`` for what is nothing; null for a slice.
        prediction: Likewise, ``background`` for what is missed.
        kind: What is wrong; null for a slice.
        n: Units of the evaluation, explained or not.
        explained: Units with a map.
        mean_map: Mean of their maps, row by row, in [0, 1]; null without any.
        off_core: Mean share of the saliency outside of the core, with its interval.
        core_area: Mean share of the input that is core: what one would see of a model that looks everywhere
            alike is 1 minus this.
        flip: Mean of what blanking all but the core adds to the truth's probability.
        patch_flip: Mean of the most that blanking one window adds to it.
        samples: Units, worst first: ``id``, ``row``, ``object``, ``box``, ``loss``, ``explained`` (place in
            the explanations, or null).
    """

    name: str
    truth: str | None
    prediction: str | None
    kind: str | None
    n: int
    explained: int
    mean_map: list[list[float]] | None
    off_core: Measurement
    core_area: float | None
    flip: float | None
    patch_flip: float | None
    samples: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON."""
        fields = asdict(self)
        fields["samples"] = list(self.samples)
        return fields


def cells_of(failures: Failures, explanations: Explanations, *, confidence: float = 0.95) -> list[CellView]:
    """Sum up each confusion cell, most failures first, and then what is right, class by class."""
    known = _places(explanations)
    groups = list(worst_by_cell(failures))
    right = np.flatnonzero(~failures.error)
    for code in np.unique(failures.truth[right]).tolist():
        units = right[failures.truth[right] == code]
        groups.append(failures.worst_first(units))
    return [_view(None, units, failures, explanations, known, confidence) for units in groups]


def slice_views(
    specs: Mapping[str, SliceSpec],
    evaluation: EvaluationTable,
    failures: Failures,
    explanations: Explanations,
    *,
    confidence: float = 0.95,
) -> list[CellView]:
    """Sum up each slice of images, in the order of the specs; only drawn units count.

    Raises:
        InputError: A slice cannot be taken.
    """
    drawn = np.asarray(explanations.samples.column("drawn").to_numpy(zero_copy_only=False), dtype=np.bool_)
    known = {key: place for key, place in _places(explanations).items() if drawn[place]}
    of_images = {name: spec for name, spec in specs.items() if spec.level == "image"}
    views = []
    for one in members(fit(of_images, evaluation.samples), evaluation.samples):
        units = np.flatnonzero(np.isin(failures.row, one.index))
        units = failures.worst_first(units)
        views.append(_view(one.name, units, failures, explanations, known, confidence))
    return views


def mean_share(values: NDArray[np.float64], groups: Sequence[str], confidence: float) -> Measurement:
    """Estimate the mean of shares in [0, 1], of which those of one group belong together.

    Args:
        values: Shape (n,); NaN where unknown.
        groups: What each belongs to, n of them.
        confidence: Coverage of the interval.
    """
    known = np.isfinite(values)
    n = int(known.sum())
    if n == 0:
        return NotComputable("no explained sample has a core", 0)
    value = float(values[known].mean())
    _, number = np.unique(np.asarray(groups, dtype=object)[known].astype(str), return_inverse=True)
    units = int(number.max()) + 1
    if units < _LEAST:
        return Estimate(value, 0.0, 1.0, n)
    away = np.bincount(number, weights=values[known] - value)
    error = float(np.sqrt((away**2).sum() * units / (units - 1)) / n)
    low, high = wilson_from_error(min(max(value, 0.0), 1.0), error, units, confidence)
    return Estimate(value, min(low, value), max(high, value), n)


def _places(explanations: Explanations) -> dict[tuple[str, int | None], int]:
    table = explanations.samples
    keys = zip(table.column("id").to_pylist(), table.column("object").to_pylist(), strict=True)
    return {key: place for place, key in enumerate(keys)}


def _view(
    name: str | None,
    units: NDArray[np.int64],
    failures: Failures,
    explanations: Explanations,
    known: Mapping[tuple[str, int | None], int],
    confidence: float,
) -> CellView:
    places = [known.get(_key(failures, unit)) for unit in units.tolist()]
    found = [place for place in places if place is not None]
    rows = Explanations(explanations.samples.take(pa.array(found, pa.int64())), explanations.header)
    maps = rows.maps() if found else np.empty((0, 0, 0))
    mapped = maps[np.isfinite(maps).all(axis=(1, 2))]
    groups = [
        failures.group[unit] for unit, place in zip(units.tolist(), places, strict=True) if place is not None
    ]
    truth, prediction, kind = None, None, None
    if name is None:
        truth, prediction = failures.cell(int(units[0]))
        kind = KINDS[failures.kind[units[0]]]
        name = f"{truth} → {prediction} ({kind})"
        if kind == KINDS[0]:
            name, prediction = f"{truth} ({kind})", truth
    return CellView(
        name,
        truth,
        prediction,
        kind,
        len(units),
        len(mapped),
        mapped.mean(axis=0).round(4).tolist() if len(mapped) else None,
        mean_share(_numbers(rows, "off_core"), groups, confidence),
        _mean(rows, "core_area"),
        _mean(rows, "flip"),
        _mean(rows, "patch_flip"),
        tuple(
            _sample(failures, unit, place)
            for unit, place in list(zip(units.tolist(), places, strict=True))[:MOST_SAMPLES]
        ),
    )


def _key(failures: Failures, unit: int) -> tuple[str, int | None]:
    return failures.id[unit], None if failures.object is None else int(failures.object[unit])


def _sample(failures: Failures, unit: int, place: int | None) -> dict[str, Any]:
    id_, number = _key(failures, unit)
    return {
        "id": id_,
        "row": int(failures.row[unit]),
        "object": number,
        "box": None if failures.boxes is None else failures.boxes[unit].tolist(),
        "loss": float(failures.loss[unit]),
        "explained": place,
    }


def _numbers(rows: Explanations, column: str) -> NDArray[np.float64]:
    return np.asarray(
        rows.samples.column(column).fill_null(np.nan).to_numpy(zero_copy_only=False), dtype=np.float64
    )


def _mean(rows: Explanations, column: str) -> float | None:
    values = _numbers(rows, column)
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None

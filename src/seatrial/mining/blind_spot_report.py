"""Blind spots as they are written: JSON, slices for a policy, a table of members, Markdown for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import yaml
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationHeader
from seatrial.mining.blind_spots import METRICS, BlindSpot, BlindSpots, CellErrors
from seatrial.mining.causes import GroupCause
from seatrial.mining.change import Change
from seatrial.mining.contrast import Contrast, PairedContrast
from seatrial.mining.importance import AttributeImportance, Curve

__all__ = ["BlindSpotReport"]

SCHEMA_VERSION = 1

#: Samples that are named for each group and cell; all of them are in ``groups.parquet``.
_NAMED = 100

#: Cells that are listed.
_CELLS = 100

_GROUPS = pa.schema(
    [
        ("group", pa.string()),
        ("rank", pa.int64()),
        ("id", pa.string()),
        ("row", pa.int64()),
        ("object", pa.int64()),
        ("error", pa.bool_()),
        ("loss", pa.float64()),
        ("confirming", pa.bool_()),
    ]
)


@dataclass(frozen=True)
class BlindSpotReport:
    """Everything that ``find-blind-spots`` found.

    Attributes:
        header: Of the evaluation.
        digest: Digest of the evaluation.
        found: The groups.
        importance: Which attributes matter.
        curves: The error rate over each attribute.
        causes: Why each group fails, by its name.
        change: What was fixed and broken against another model; None where there is none.
        options: How it was looked, as JSON.
        notes: What else should be known.
    """

    header: EvaluationHeader
    digest: str
    found: BlindSpots
    importance: tuple[AttributeImportance, ...] = ()
    curves: tuple[Curve, ...] = ()
    causes: Mapping[str, GroupCause] = field(default_factory=dict)
    change: Change | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers to track: units, errors, confirmed groups, the share of errors in them."""
        numbers = {
            "units": len(self.found.failures),
            "errors": int(self.found.error.sum()),
            "confirmed_blind_spots": len(self.found.confirmed),
            "errors_explained": self.found.explained,
        }
        if self.change is not None:
            numbers |= {
                "broken": int(self.change.broken.error.sum()),
                "fixed": int(self.change.fixed.error.sum()),
                "confirmed_broken_groups": len(self.change.broken.confirmed),
                "confirmed_fixed_groups": len(self.change.fixed.confirmed),
            }
        return {name: float(value) for name, value in numbers.items()}

    def to_json(self) -> dict[str, Any]:
        """Give everything but the members as plain JSON."""
        found = self.found
        return {
            "schema_version": SCHEMA_VERSION,
            "task": self.header.task,
            "level": found.failures.level,
            "model": {"model": self.header.model, "digest": self.header.model_digest},
            "dataset": {"name": self.header.dataset, "digest": self.header.dataset_digest},
            "evaluation": self.digest,
            "options": dict(self.options),
            "metrics": self.metrics,
            "low_iou": found.failures.bound,
            "halves": {
                "searched": int((~found.confirming).sum()),
                "confirming": int(found.confirming.sum()),
            },
            "candidates": {"searched": found.searched, "tried": found.tried},
            "notes": [*found.notes, *self.notes],
            "groups": [self._group(found, one) for one in found.groups],
            "cells": [self._cell(found, one) for one in found.cells[:_CELLS]],
            "importance": [
                {"attribute": one.attribute, "value": one.value, "low": one.low, "high": one.high}
                for one in self.importance
            ],
            "curves": [_curve(one) for one in self.curves],
            "left_out": dict(found.axes.left_out),
            "comparison": None if self.change is None else self._change(self.change),
        }

    def proposed(self) -> str:
        """Write the confirmed groups as slices, ready for a policy."""
        specs = {}
        for found, prefix in self._searches():
            for group in found.confirmed:
                spec = group.spec(self._metric, self.header.dataset_digest, found.searched)
                if spec is not None:
                    specs[f"{prefix}{group.name}"] = spec.to_policy()
        head = (
            "# Groups that fail more often than the rest: found on one half of the samples, confirmed on\n"
            "# the other. Put them under the policy's slices; a rule may name any of them.\n"
        )
        return head + yaml.safe_dump({"slices": specs}, sort_keys=False, allow_unicode=True, width=10_000)

    def members(self) -> pa.Table:
        """List the units of each group: group, rank, id, row, object, error, loss, confirming."""
        parts = []
        for found, prefix in self._searches():
            failures = found.failures
            for rank, group in enumerate(found.groups, start=1):
                units = np.flatnonzero(group.candidate.inside)
                units = units[np.lexsort((-failures.loss[units], ~found.error[units]))]
                count = len(units)
                objects = (
                    pa.nulls(count, pa.int64())
                    if failures.object is None
                    else pa.array(failures.object[units])
                )
                columns = [
                    pa.array([f"{prefix}{group.name}"] * count, pa.string()),
                    pa.array(np.full(count, rank)),
                    pa.array(failures.id[units], pa.string()),
                    pa.array(failures.row[units]),
                    objects,
                    pa.array(found.error[units]),
                    pa.array(failures.loss[units]),
                    pa.array(found.confirming[units]),
                ]
                parts.append(pa.Table.from_arrays(columns, schema=_GROUPS))
        return pa.concat_tables(parts) if parts else _GROUPS.empty_table()

    @property
    def _metric(self) -> str:
        return METRICS[self.header.task]

    def _searches(self) -> list[tuple[BlindSpots, str]]:
        searches = [(self.found, "")]
        if self.change is not None:
            searches += [(self.change.broken, "broken-"), (self.change.fixed, "fixed-")]
        return searches

    def _group(self, found: BlindSpots, one: BlindSpot, prefix: str = "") -> dict[str, Any]:
        spec = one.spec(self._metric, self.header.dataset_digest, found.searched)
        cause = self.causes.get(one.name) if found is self.found else None
        described = one.candidate.description
        return {
            "name": f"{prefix}{one.name}",
            "title": one.title,
            "source": one.candidate.source,
            "confirmed": one.confirmed,
            "p": one.p,
            "support": one.size,
            "errors": len(one.errors),
            "explained": one.tried.explained,
            "effect": one.tried.difference,
            "low": one.tried.low,
            "high": one.tried.high,
            "found": _contrast(one.found),
            "tried": _contrast(one.tried),
            "cell": {"truth": one.cell[0], "prediction": one.cell[1], "share": one.cell[2]},
            "description": None
            if described is None
            else {
                "where": described.where,
                "precision": described.precision,
                "recall": described.recall,
            },
            "slice": None if spec is None else spec.to_policy(),
            "cause": None if cause is None else cause.to_json(),
            "samples": _named(found, one.errors),
        }

    def _cell(self, found: BlindSpots, one: CellErrors) -> dict[str, Any]:
        return {
            "truth": one.truth,
            "prediction": one.prediction,
            "kind": one.kind,
            "count": one.count,
            "share": one.share,
            "samples": _named(found, one.units),
        }

    def _change(self, change: Change) -> dict[str, Any]:
        return {
            "compared": change.compared,
            "broken": int(change.broken.error.sum()),
            "fixed": int(change.fixed.error.sum()),
            "notes": [*change.broken.notes, *change.fixed.notes],
            "broken_groups": [self._group(change.broken, one, "broken-") for one in change.broken.groups],
            "fixed_groups": [self._group(change.fixed, one, "fixed-") for one in change.fixed.groups],
            "broken_cells": [self._cell(change.broken, one) for one in change.broken.cells[:_CELLS]],
            "fixed_cells": [self._cell(change.fixed, one) for one in change.fixed.cells[:_CELLS]],
        }


def _contrast(one: Contrast | PairedContrast) -> dict[str, Any]:
    numbers: dict[str, Any] = {"n": one.n, "errors": one.errors, "difference": one.difference}
    if isinstance(one, Contrast):
        return numbers | {"rate": one.rate, "rest": one.rest, "rest_rate": one.rest_rate}
    return numbers | {"reverse": one.reverse}


def _curve(one: Curve) -> dict[str, Any]:
    points = [
        {
            "label": point.label,
            "where": point.where,
            "n": point.n,
            "value": point.value,
            "low": point.low,
            "high": point.high,
        }
        for point in one.points
    ]
    return {"attribute": one.attribute, "harm": one.harm, "worst": one.worst.label, "points": points}


def _named(found: BlindSpots, units: NDArray[np.int64]) -> list[str]:
    """Name the samples of some units, each once, in their order."""
    ids: Sequence[str] = found.failures.id[units[: 4 * _NAMED]].tolist()
    return list(dict.fromkeys(ids))[:_NAMED]

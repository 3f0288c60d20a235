"""The attributes of failing units as cells, each with the predicate that chooses it anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import RESERVED
from seatrial.evaluation import EvaluationTable
from seatrial.mining.conjunctions import Coded
from seatrial.mining.failures import Failures
from seatrial.slices.attribute import format_number, read_attribute
from seatrial.slices.defaults import default_specs
from seatrial.slices.membership import fit, read_axis
from seatrial.slices.objects import Objects
from seatrial.slices.spec import Bins, SliceSpec
from seatrial.slices.tokens import KEYWORDS

__all__ = ["UnitAxes", "UnitAxis"]

#: Numbers of objects that are worth a look whatever they are: quartiles.
_OBJECT_NUMBERS = ("relative_area", "aspect", "center_x", "center_y")

#: Attributes of objects that are lower for false positives because they are false: most lie on no truth.
_FORETOLD = {"crowding": "counts true objects, of which a false positive has fewer because it is one"}

_QUARTILES = Bins(bins="quantile", n=4)


@dataclass(frozen=True)
class UnitAxis:
    """One attribute of the units.

    Attributes:
        name: The attribute.
        labels: What each cell is called, e.g. ``site=B7`` or ``0.2 ≤ brightness < 0.4``.
        values: The same without the attribute: ``B7``, ``[0.2, 0.4)``.
        conditions: The predicate of each cell.
        cells: Cell of each unit, int64, shape (n,); −1 for a unit that slices cannot choose by it.
        numbers: Value of each unit where it holds numbers, float64, shape (n,), NaN where missing; None else.
    """

    name: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    conditions: tuple[str, ...]
    cells: NDArray[np.int64]
    numbers: NDArray[np.float64] | None


@dataclass(frozen=True)
class UnitAxes:
    """All attributes of the units.

    Attributes:
        axes: By name.
        left_out: Why an attribute is none.
        table: The units' attributes as slices choose by them, one row per unit.
    """

    axes: tuple[UnitAxis, ...]
    left_out: dict[str, str]
    table: pa.Table

    @classmethod
    def of(cls, evaluation: EvaluationTable, failures: Failures, searched: NDArray[np.bool_]) -> "UnitAxes":
        """Read the attributes that slices choose by, and the class that is true.

        Metadata of few values is taken value by value, other numbers by quartiles of the units that are
        searched, as slices are without a policy.

        Args:
            evaluation: What the units are of.
            failures: The units.
            searched: The units among which groups are looked for; bins are fitted to them.
        """
        specs, left_out = default_specs(evaluation)
        if failures.object is None:
            table = evaluation.samples.take(pa.array(failures.row))
            blind: frozenset[str] = frozenset()
            chosen = {name: spec for name, spec in specs.items() if spec.level == "image"}
            if failures.task == "classification" and len(failures.classes) > 1:
                chosen["label"] = SliceSpec(by={"label": None}, max_values=_MOST_VALUES)
        else:
            assert evaluation.objects is not None
            objects = Objects.of(evaluation.samples, evaluation.objects)
            table = objects.table.take(pa.array(failures.object))
            blind = frozenset(objects.annotations)
            chosen = _of_objects(specs, table)
            left_out |= _FORETOLD
        axes = []
        fitted_on = table.filter(pa.array(searched))
        for spec in chosen.values():
            (name, bins), *_ = (spec.by or {}).items()
            if read_attribute(table, name).missing.all():
                continue
            if name == "label" and len(read_attribute(table, name).values) > _MOST_VALUES:
                left_out["label"] = f"has more than {_MOST_VALUES} classes"
                continue
            spec = spec.model_copy(update={"level": "image", "max_values": _MOST_VALUES})  # noqa: PLW2901
            fitted = fit({name: spec}, fitted_on)[name] if bins is not None else spec
            axes.append(_axis(name, fitted, table, blind=name in blind))
        return cls(tuple(axes), left_out, table)

    @property
    def coded(self) -> Coded:
        """The cells alone, for the search."""
        return Coded([axis.cells for axis in self.axes], [len(axis.labels) for axis in self.axes])

    def where(self, literals: Sequence[tuple[int, int]]) -> str:
        """Write a conjunction as a predicate."""
        return " and ".join(self.axes[axis].conditions[cell] for axis, cell in literals)

    def named(self, literals: Sequence[tuple[int, int]]) -> str:
        """Name a conjunction: ``site=B7 & 0.2 ≤ brightness < 0.4``."""
        return " & ".join(self.axes[axis].labels[cell] for axis, cell in literals)


#: Values that an attribute may have.
_MOST_VALUES = 250


def _of_objects(specs: dict[str, SliceSpec], table: pa.Table) -> dict[str, SliceSpec]:
    """Choose attributes of objects: theirs, those of their images, and their class."""
    chosen: dict[str, SliceSpec] = {"class": SliceSpec(level="object", by={"class": None})}
    for spec in specs.values():
        (name, bins), *_ = (spec.by or {}).items()
        if name in _FORETOLD:
            continue
        if spec.level == "image":
            if name in RESERVED:
                continue
            name = f"image_{name}" if f"image_{name}" in table.column_names else name
        if name in table.column_names:
            chosen[name] = SliceSpec(level="object", by={name: bins})
    for name in _OBJECT_NUMBERS:
        if name in table.column_names and name not in chosen:
            chosen[name] = SliceSpec(level="object", by={name: _QUARTILES})
    return chosen


def _axis(name: str, spec: SliceSpec, table: pa.Table, *, blind: bool) -> UnitAxis:
    """Read one attribute; where only annotations have it, what has no annotation is in no cell."""
    axis = read_axis(name, spec, table, column=name, rows=np.arange(table.num_rows, dtype=np.int64))
    attribute = read_attribute(table, name)
    bins = (spec.by or {})[name]
    labels = [f"{name}={value}" for value in axis.labels]
    if bins is None:
        conditions = [
            f"{_column(name)} == {_literal(attribute.values[code], attribute.kind, attribute.labels[code])}"
            for code in range(len(attribute.values))
        ]
    else:
        assert bins.edges is not None
        conditions = _between(_column(name), bins.edges)
        labels[: len(conditions)] = _ranges(name, bins.edges)
    cells = axis.cells
    if blind:
        cells = np.where(cells == len(conditions), -1, cells)
    numbers = None
    if attribute.kind == "number":
        values = np.append(attribute.values.astype(np.float64), np.nan)
        numbers = values[attribute.codes]
    return UnitAxis(
        name,
        tuple(labels),
        axis.labels,
        (*conditions, f"{_column(name)} is null"),
        cells,
        numbers,
    )


def _between(column: str, edges: Sequence[float]) -> list[str]:
    if not edges:
        return [f"{column} is not null"]
    written = [format_number(edge) for edge in edges]
    return [
        f"{column} < {written[0]}",
        *(f"{column} >= {low} and {column} < {high}" for low, high in pairwise(written)),
        f"{column} >= {written[-1]}",
    ]


def _ranges(name: str, edges: Sequence[float]) -> list[str]:
    """Say to people what :func:`_between` says to a policy."""
    if not edges:
        return [f"{name}=(-∞, ∞)"]
    written = [format_number(edge) for edge in edges]
    return [
        f"{name} < {written[0]}",
        *(f"{low} ≤ {name} < {high}" for low, high in pairwise(written)),
        f"{name} ≥ {written[-1]}",
    ]


def _column(name: str) -> str:
    plain = name.isidentifier() and name.lower() not in KEYWORDS
    return name if plain else f"`{name.replace('`', '``')}`"


def _literal(value: Any, kind: str, label: str) -> str:
    match kind:
        case "number":
            return format_number(value)
        case "boolean":
            return "true" if value else "false"
        case "time":
            return f"'{label}'"
        case _:
            return "'" + str(value).replace("'", "''") + "'"

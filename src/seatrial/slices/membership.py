"""Which samples are in which slice: index lists, never copies of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.slices.attribute import MISSING, Attribute, read_attribute
from seatrial.slices.bins import bin_labels, bin_of, fit_edges
from seatrial.slices.cluster import Cluster
from seatrial.slices.predicate import parse
from seatrial.slices.report import ALL
from seatrial.slices.spec import Bins, SliceSpec
from seatrial.slices.vectors import Matrix

__all__ = ["Axis", "Slice", "check_names", "fit", "members", "read_axis"]

#: What joins the parts of a cross in its name.
_JOIN = " & "

#: Codes up to this are numbered by counting rather than by sorting.
_MOST_COUNTED = 2**22


@dataclass(frozen=True)
class Slice:
    """Some of the samples.

    Attributes:
        name: Unique name, e.g. ``"night"``, ``"site=B7"``, ``"site=∅ & brightness=[0.2, 0.4)"``.
        family: Name of the spec that it comes from; ``"all"`` for the whole.
        attributes: The value of each attribute that divides, as text; empty for a predicate.
        level: ``"image"`` or ``"object"``.
        index: Row numbers of its samples, ascending, shape (m,).
    """

    name: str
    family: str
    attributes: dict[str, str]
    level: Literal["image", "object"]
    index: NDArray[np.int64]


@dataclass(frozen=True)
class Axis:
    """One attribute as cells.

    Attributes:
        name: The attribute.
        labels: What each cell is called in the name of a slice, the last that of missing values.
        cells: Each row's cell, shape (n,).
    """

    name: str
    labels: tuple[str, ...]
    cells: NDArray[np.int64]


def fit(specs: Mapping[str, SliceSpec], table: pa.Table) -> dict[str, SliceSpec]:
    """Fit the bins of slice specifications to a table; everything else stays as it is.

    Args:
        specs: By name.
        table: One row per sample.

    Returns:
        The same specs with ``edges`` in place of ``bins``: applied to another table, they choose by the
        same edges.

    Raises:
        InputError: A column is unknown, or bins are asked of one that holds no numbers.
    """
    return {name: _fit_one(name, spec, table) for name, spec in specs.items()}


def members(
    fitted: Mapping[str, SliceSpec], table: pa.Table, vectors: Mapping[str, Matrix] | None = None
) -> list[Slice]:
    """Find the samples of every slice.

    Args:
        fitted: What :func:`fit` gave; a spec without bins need not be fitted.
        table: One row per sample.
        vectors: What clusters choose by: embeddings of each sample by the digest of the model.

    Returns:
        The slice ``all``, then the slices of each spec: one for a predicate (also where it is empty) or a
        frozen list, one for each value of an axis that occurs (a missing value is ``attribute=∅``, the last),
        one for each combination of a cross that occurs.

    Raises:
        InputError: A column is unknown or of a wrong type, an attribute has more than ``max_values``
            values, bins were not fitted, a frozen sample is missing or another than it was, a cluster is one
            of other embeddings than there are, or two slices have one name.
    """
    found = [Slice(ALL, ALL, {}, "image", np.arange(table.num_rows, dtype=np.int64))]
    for name, spec in fitted.items():
        found.extend(_slices(name, spec, table, vectors or {}))
    check_names(found)
    return found


def _fit_one(name: str, spec: SliceSpec, table: pa.Table) -> SliceSpec:
    if spec.by is None or all(bins is None or bins.edges is not None for bins in spec.by.values()):
        return spec
    rows = _rows(name, spec, table)
    by = {
        column: None if bins is None else Bins(edges=_edges(_read(name, table, column), bins, rows))
        for column, bins in spec.by.items()
    }
    return spec.model_copy(update={"by": by})


def _edges(attribute: Attribute, bins: Bins, rows: NDArray[np.int64]) -> tuple[float, ...]:
    codes = attribute.codes[rows]
    return fit_edges(_numbers(attribute)[codes[codes >= 0]], bins)


def _slices(name: str, spec: SliceSpec, table: pa.Table, vectors: Mapping[str, Matrix]) -> list[Slice]:
    rows = _rows(name, spec, table)
    if spec.cluster is not None:
        rows = _near(name, spec.cluster, vectors, rows)
    if spec.by is None:
        return [Slice(name, name, {}, spec.level, rows)]
    axes = [read_axis(name, spec, table, column=column, rows=rows) for column in spec.by]
    prefix = [name] if spec.where is not None else []
    slices = []
    for cell, index in _occupied(axes, rows):
        attributes = {axis.name: axis.labels[one] for axis, one in zip(axes, cell, strict=True)}
        parts = [*prefix, *(f"{column}={label}" for column, label in attributes.items())]
        slices.append(Slice(_JOIN.join(parts), name, attributes, spec.level, index))
    return slices


def _rows(name: str, spec: SliceSpec, table: pa.Table) -> NDArray[np.int64]:
    """Find the rows that the spec's predicate or list chooses."""
    if spec.ids is not None:
        return _frozen(name, spec.ids, table)
    if spec.where is None:
        return np.arange(table.num_rows, dtype=np.int64)
    try:
        return np.flatnonzero(parse(spec.where).mask(table)).astype(np.int64)
    except InputError as error:
        raise InputError(f"slice {name!r}: {error}") from error


def _near(
    name: str, cluster: Cluster, vectors: Mapping[str, Matrix], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Find the samples that are near a centre."""
    there = vectors.get(cluster.model)
    if there is None:
        known = f"those of {examples(sorted(vectors))}" if vectors else "none"
        raise InputError(
            f"slice {name!r} is a place in the embeddings of model {cluster.model!r}, there are {known}: "
            "embed the images with that model and give the folder (--embeddings)"
        )
    if there.shape[1] != len(cluster.numbers):
        raise InputError(
            f"slice {name!r}: expected embeddings of {len(cluster.numbers)} values, got {there.shape[1]}"
        )
    absent = int(np.isnan(there[rows]).any(axis=1).sum())
    if absent:
        raise InputError(
            f"slice {name!r}: {absent} of {len(rows)} samples have no embedding to choose them by"
        )
    return rows[cluster.holds(there[rows])]


def _frozen(name: str, ids: Mapping[str, str | None], table: pa.Table) -> NDArray[np.int64]:
    """Find listed samples; each has to be there, and to be what it was where that was written down."""
    there = {one: row for row, one in enumerate(table.column("id").to_pylist())}
    missing = [one for one in ids if one not in there]
    if missing:
        raise InputError(
            f"slice {name!r}: expected {len(ids)} frozen samples, {len(missing)} of them are not among those "
            f"evaluated: {examples(missing)}"
        )
    _check_content(name, ids, table, there)
    return np.sort(np.array([there[one] for one in ids], dtype=np.int64))


def _check_content(
    name: str, ids: Mapping[str, str | None], table: pa.Table, there: Mapping[str, int]
) -> None:
    known = "content" in table.column_names
    content = table.column("content").to_pylist() if known else [None] * table.num_rows
    changed = [one for one, was in ids.items() if was and content[there[one]] != was]
    unknown = [one for one in changed if content[there[one]] is None]
    if unknown:
        raise InputError(
            f"slice {name!r}: whether {len(unknown)} frozen samples hold the image that they did cannot be "
            f"told, their images were not read: {examples(unknown)}"
        )
    if changed:
        first = changed[0]
        raise InputError(
            f"slice {name!r}: {len(changed)} frozen samples hold another image than they did: "
            f"{examples(changed)}; {first!r} was {ids[first]}, it is {content[there[first]]}"
        )


def read_axis(name: str, spec: SliceSpec, table: pa.Table, *, column: str, rows: NDArray[np.int64]) -> Axis:
    """Read one of the attributes that a specification divides by.

    Args:
        name: Of the specification.
        spec: With fitted bins.
        table: One row per sample.
        column: The attribute.
        rows: The samples among which there may be at most ``max_values`` values.

    Raises:
        InputError: See :func:`members`.
    """
    attribute = _read(name, table, column)
    bins = (spec.by or {})[column]
    if bins is None:
        labels, of_values = attribute.labels, np.arange(len(attribute.values), dtype=np.int64)
        found = len(np.unique(attribute.codes[rows][attribute.codes[rows] >= 0]))
        if found > spec.max_values:
            raise InputError(
                f"slices {name!r}: attribute {column!r} has {found} values, at most {spec.max_values} "
                f"(max_values) are sliced by: {examples(labels)}; put numbers into bins, choose some with "
                "'where', or raise max_values"
            )
    else:
        if bins.edges is None:
            raise InputError(f"slices {name!r}: the bins of {column!r} were not fitted")
        labels, of_values = bin_labels(bins.edges), bin_of(_numbers(attribute), bins.edges)
    cells = np.append(of_values, len(labels))[attribute.codes[rows]]
    return Axis(column, (*labels, MISSING), cells)


def _occupied(
    axes: Sequence[Axis], rows: NDArray[np.int64]
) -> list[tuple[tuple[int, ...], NDArray[np.int64]]]:
    """Find the combinations of cells that hold rows, in order, each with its rows."""
    if len(rows) == 0:
        return []
    which = np.zeros(len(rows), dtype=np.int64)
    for axis in axes:
        which = _dense(which * len(axis.labels) + axis.cells)
    order = np.argsort(_narrow(which), kind="stable")
    starts = np.searchsorted(which[order], np.arange(int(which.max()) + 1))
    parts = np.split(order, starts[1:])
    return [(tuple(int(axis.cells[part[0]]) for axis in axes), rows[part]) for part in parts]


def _dense(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the codes that occur from 0, in their order."""
    highest = int(codes.max())
    if highest > _MOST_COUNTED:
        return np.unique(codes, return_inverse=True)[1].astype(np.int64)
    occurs = np.bincount(codes, minlength=highest + 1) > 0
    return (np.cumsum(occurs) - 1)[codes]


def _narrow(codes: NDArray[np.int64]) -> NDArray[Any]:
    """Use 16 bits where they suffice: those are sorted by radix, many times as fast."""
    return codes.astype(np.uint16) if int(codes.max()) < 2**16 else codes


def _read(name: str, table: pa.Table, column: str) -> Attribute:
    return read_attribute(table, column, place=f"slices {name!r}: ")


def _numbers(attribute: Attribute) -> NDArray[Any]:
    """Give the distinct values of an attribute that holds numbers, or nothing at all."""
    if len(attribute.values) == 0:
        return np.empty(0)
    if attribute.kind != "number":
        raise InputError(
            f"attribute {attribute.name!r} holds no numbers to put into bins, but {attribute.type}"
        )
    return attribute.values


def check_names(slices: Sequence[Slice]) -> None:
    """Check that no two slices are called the same.

    Raises:
        InputError: Two are.
    """
    first: dict[str, Slice] = {}
    for one in slices:
        known = first.setdefault(one.name, one)
        if known is not one:
            raise InputError(
                f"two slices are called {one.name!r}, of {known.family!r} and of {one.family!r}: "
                "rename one in the policy"
            )

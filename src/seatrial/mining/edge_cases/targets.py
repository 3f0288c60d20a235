"""Failures as targets: groups of them, each with the vectors that stand for it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.mining.failures import KINDS, Failures
from seatrial.neighbours import Embeddings

__all__ = ["OTHERS", "Target", "embedding_rows", "targets"]

#: The group of failures that belong to no other.
OTHERS = "other failures"

#: Confusion cells that are groups of their own where no groups are given.
_CELLS = 12

#: Least overlap of a failing object's box with an embedded one that stands for it.
_OVERLAP = 0.5


@dataclass(frozen=True)
class Target:
    """A group of failures.

    Attributes:
        name: What it is called.
        units: Its failing units, places in :class:`~seatrial.mining.failures.Failures`, shape (k,).
        rows: The row of the embeddings that stands for each, shape (k,).
    """

    name: str
    units: NDArray[np.int64]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.units)


def targets(
    failures: Failures,
    rows: NDArray[np.int64],
    groups: Mapping[str, Sequence[int]] | None = None,
    *,
    only: Sequence[str] = (),
    allowed: NDArray[np.bool_] | None = None,
) -> list[Target]:
    """Sort failures into groups.

    Args:
        failures: The units of an evaluation.
        rows: Row of the embeddings that stands for each unit, −1 where there is none, shape (units,).
        groups: Units of each group, right ones among them; a failure counts for the first group that holds
            it, the rest are :data:`OTHERS`. None: the most frequent confusion cells are the groups.
        only: Names of the groups that count, all of it or what comes before a colon; empty for all.
        allowed: Units that count, shape (units,); None for all.

    Returns:
        Groups with at least one failure that has a vector, in the order given; the cells by their size.

    Raises:
        InputError: There is no group of a name.
    """
    failing = failures.error & (rows >= 0)
    if allowed is not None:
        failing &= allowed
    left = failing.copy()
    found: list[Target] = []
    named = _cells(failures, failing) if groups is None else groups
    chosen = _chosen([*named, OTHERS], only)
    for name in chosen if only else named:
        units = named.get(name, ())
        places = np.unique(np.asarray(units, dtype=np.int64))
        mine = places[left[places]]
        left[mine] = False
        if len(mine):
            found.append(Target(name, mine, rows[mine]))
    if only and OTHERS in chosen:  # the others are what no group holds, whichever are asked for
        for name in named.keys() - set(chosen):
            left[np.asarray(named[name], dtype=np.int64)] = False
    if left.any() and (not only or OTHERS in chosen):
        rest = np.flatnonzero(left)
        found.append(Target(OTHERS, rest, rows[rest]))
    return found


def _chosen(known: Sequence[str], only: Sequence[str]) -> list[str]:
    """Find groups by their whole name, or by what comes before a colon in it."""
    short = {name.partition(":")[0]: name for name in reversed(known)}
    missing = [name for name in only if name not in known and name not in short]
    if missing:
        raise InputError(
            f"no group of failures is called {examples(missing)}: expected one of {examples(known, most=20)}"
        )
    return [name if name in known else short[name] for name in dict.fromkeys(only)]


def _cells(failures: Failures, failing: NDArray[np.bool_]) -> dict[str, list[int]]:
    named: dict[str, list[int]] = {}
    for unit in np.flatnonzero(failing).tolist():
        named.setdefault(cell_name(failures, unit), []).append(unit)
    frequent = Counter({name: len(units) for name, units in named.items()}).most_common(_CELLS)
    return {name: named[name] for name, _ in sorted(frequent, key=lambda pair: (-pair[1], pair[0]))}


def cell_name(failures: Failures, unit: int) -> str:
    """Say what a unit is taken for: ``"night taken for day"``, ``"missed car"``."""
    truth, prediction = failures.cell(unit)
    kind = KINDS[failures.kind[unit]]
    if kind in {"missed", "badly placed", "low IoU"}:
        return f"{kind} {truth}"
    if kind in {"background", "duplicate"}:
        return f"{kind} {prediction}"
    return f"{truth} taken for {prediction}"


def embedding_rows(failures: Failures, embeddings: Embeddings) -> NDArray[np.int64]:
    """Find the row of the embeddings that stands for each unit, −1 where there is none.

    At image level that is the unit's image; at object level the embedded object of that image whose box
    overlaps the unit's most, by an IoU of at least ½.
    """
    if embeddings.boxes is None:
        places = {one: row for row, one in enumerate(embeddings.ids)}
        return np.array([places.get(one, -1) for one in failures.id.tolist()], dtype=np.int64)
    if failures.boxes is None:
        raise InputError(
            f"embeddings of objects do not go with the failures of a {failures.task}, which are whole "
            "images: embed at level image"
        )
    of_image: dict[str, list[int]] = {}
    for row, one in enumerate(embeddings.ids):
        of_image.setdefault(one, []).append(row)
    found = np.full(len(failures), -1, dtype=np.int64)
    for unit, one in enumerate(failures.id.tolist()):
        rows = np.array(of_image.get(one, []), dtype=np.int64)
        if len(rows):
            overlaps = _overlaps(failures.boxes[unit], embeddings.boxes[rows])
            if overlaps.max() >= _OVERLAP:
                found[unit] = rows[int(overlaps.argmax())]
    return found


def _overlaps(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    both = np.clip(high - low, 0, None).prod(axis=1)
    total = box[2:].prod() + others[:, 2:].prod(axis=1) - both
    return np.asarray(np.divide(both, total, out=np.zeros(len(others)), where=total > 0))

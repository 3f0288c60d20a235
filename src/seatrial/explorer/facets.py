"""How a choice of samples is spread over each attribute, and where in it the errors are."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.explorer.opened import OpenedEvaluation
from seatrial.slices import Bins
from seatrial.slices.attribute import MISSING, read_attribute
from seatrial.slices.bins import bin_labels, bin_of, fit_edges

__all__ = ["Facet", "Facets"]

_BINS = 8
_VALUES = 12
#: Samples by which it is judged which attributes tell most.
_JUDGED = 20_000
#: Colours that the map has.
_COLOURS = 12


@dataclass(frozen=True)
class Facet:
    """An attribute as a few parts.

    Attributes:
        name: The attribute.
        labels: What each part is called, k of them.
        predicates: The predicate that chooses each part.
        codes: The part of each sample, shape (n,).
    """

    name: str
    labels: tuple[str, ...]
    predicates: tuple[str, ...]
    codes: NDArray[np.int16]


class Facets:
    """The attributes of an evaluation as facets; each is divided once, on all samples.

    Args:
        opened: The evaluation.
    """

    def __init__(self, opened: OpenedEvaluation) -> None:
        self._opened = opened
        self.names = _telling_first(opened)
        self._facet = lru_cache(maxsize=None)(self._divide)

    def of(self, name: str) -> Facet:
        """Give one attribute's parts.

        Raises:
            InputError: There is no such attribute, or it cannot be compared.
        """
        return self._facet(name)

    def counted(self, name: str, chosen: NDArray[np.bool_]) -> list[dict[str, Any]]:
        """Count the chosen samples of each part, and give their mean error.

        Returns:
            JSON values: ``label``, ``where`` (a predicate), ``n``, ``error`` (None without a truth).
        """
        facet = self.of(name)
        error = self._opened.outcomes.error
        codes, known = facet.codes[chosen], self._opened.outcomes.known[chosen]
        size = len(facet.labels)
        n = np.bincount(codes, minlength=size)
        judged = np.bincount(codes[known], minlength=size)
        wrong = np.bincount(codes[known], weights=error[chosen][known], minlength=size)
        return [
            {
                "label": label,
                "where": facet.predicates[part],
                "n": int(n[part]),
                "error": float(wrong[part] / judged[part]) if judged[part] else None,
            }
            for part, label in enumerate(facet.labels)
        ]

    def coloured(self, name: str) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
        """Give each sample a colour on the map.

        Args:
            name: The attribute whose parts are told apart; empty for right and wrong.

        Returns:
            Codes, shape (n,), at most 11 and one for what is left; what each means.

        Raises:
            InputError: There is no such attribute.
        """
        if not name:
            error = self._opened.outcomes.error
            return np.select([error > 0, error == 0], [2, 1], 0).astype(np.uint8), (
                "no truth",
                "right",
                "wrong",
            )
        facet = self.of(name)
        most = _COLOURS - 1
        labels = facet.labels if len(facet.labels) <= _COLOURS else (*facet.labels[:most], "others")
        return np.minimum(facet.codes, len(labels) - 1).astype(np.uint8), labels

    def _divide(self, name: str) -> Facet:
        attribute = self._opened.attribute(name)
        column = _quoted(name)
        if attribute.kind == "number" and len(attribute.values) > _VALUES:
            edges = fit_edges(
                attribute.values[attribute.codes[attribute.codes >= 0]], Bins(bins="quantile", n=_BINS)
            )
            labels = [*bin_labels(edges)]
            predicates = [*_ranges(column, edges)]
            of_values = bin_of(attribute.values, edges)
        else:
            counts = np.bincount(attribute.codes[attribute.codes >= 0], minlength=len(attribute.values))
            kept = np.sort(np.argsort(-counts, kind="stable")[:_VALUES])
            labels = [attribute.write(attribute.values[kept])[place] for place in range(len(kept))]
            predicates = [f"{column} == {_literal(attribute, value)}" for value in kept]
            of_values = np.full(len(attribute.values), len(kept), dtype=np.int64)
            of_values[kept] = np.arange(len(kept))
            if len(attribute.values) > len(kept):
                others = ", ".join(_literal(attribute, value) for value in kept)
                labels.append(f"{len(attribute.values) - len(kept)} more values")
                predicates.append(f"{column} not in ({others})")
        codes = np.append(of_values, len(labels))[attribute.codes].astype(np.int16)
        if (attribute.codes < 0).any():
            labels.append(MISSING)
            predicates.append(f"{column} is null")
        return Facet(name, tuple(labels), tuple(predicates), codes)


def _telling_first(opened: OpenedEvaluation) -> tuple[str, ...]:
    """Name the attributes, those first whose parts differ most in error; judged on some of the samples."""
    columns = opened.table.samples.column_names
    names = [name for name in ("label", "prediction", *opened.table.attributes) if name in columns]
    known = np.flatnonzero(opened.outcomes.known)
    rows = known[:: max(1, len(known) // _JUDGED)]
    some = opened.table.samples.select(names).take(rows)
    error = opened.outcomes.error[rows]
    told = {name: _told(some, name, error) for name in names}
    return tuple(sorted(names, key=lambda name: -told[name]))


def _told(samples: pa.Table, name: str, error: NDArray[np.float64]) -> float:
    """Give the share of the error's variance that lies between the parts of an attribute."""
    try:
        attribute = read_attribute(samples, name)
    except InputError:
        return -1.0
    parts = attribute.codes + 1
    if len(attribute.values) > _VALUES:
        if attribute.kind != "number":
            return -1.0
        parts = parts * _BINS // (len(attribute.values) + 1)
    n = np.bincount(parts)
    mean = np.bincount(parts, weights=error)[n > 0] / n[n > 0]
    spread = float(error.var())
    return float(np.average((mean - error.mean()) ** 2, weights=n[n > 0]) / spread) if spread else 0.0


def _ranges(column: str, edges: tuple[float, ...]) -> list[str]:
    ends = [None, *edges, None]
    parts = []
    for low, high in pairwise(ends):
        at_least = [] if low is None else [f"{column} >= {low!r}"]
        below = [] if high is None else [f"{column} < {high!r}"]
        parts.append(" and ".join((*at_least, *below)) or f"{column} is not null")
    return parts


def _literal(attribute: Any, code: Any) -> str:
    if attribute.kind in {"number", "boolean"}:
        written: str = attribute.write(attribute.values[code : code + 1])[0]
        return written
    text = attribute.values[code] if attribute.kind == "text" else attribute.labels[code]
    return "'" + str(text).replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"

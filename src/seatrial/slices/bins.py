"""Bins of numbers: fitted once on data, stored as edges, re-applied as they are."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.slices.attribute import format_number
from seatrial.slices.spec import Bins

__all__ = ["bin_labels", "bin_of", "fit_edges"]

#: A fitted edge is rounded to the fewest digits that move at most this share of a bin's samples over it.
_MOVED = 0.01

_MOST_DIGITS = 17


def fit_edges(values: NDArray[Any], bins: Bins) -> tuple[float, ...]:
    """Find the edges between bins.

    Args:
        values: One number per sample, shape (n,); infinities are left out of the fit.
        bins: How; given edges are given back.

    Returns:
        Ascending edges. Fewer than n − 1 where values are tied: a bin without values is never made. An
        attribute of at most n distinct values gets one bin for each.
    """
    if bins.edges is not None:
        return bins.edges
    assert bins.n is not None
    finite = np.sort(values[np.isfinite(values)])
    distinct = np.unique(finite).astype(np.float64)
    if len(distinct) < 2:  # noqa: PLR2004 - nothing to divide
        return ()
    shares = np.arange(1, bins.n) / bins.n
    if bins.bins == "fixed":
        return _rounded(distinct[0] * (1 - shares) + distinct[-1] * shares, finite, bins.n)
    if len(distinct) <= bins.n:
        return _rounded(distinct[1:], finite, bins.n)
    edges = np.unique(np.quantile(finite.astype(np.float64), shares))
    return _rounded(_occupied(edges, distinct), finite, bins.n)


def bin_of(values: NDArray[Any], edges: Sequence[float]) -> NDArray[np.int64]:
    """Find each value's bin, from 0 to ``len(edges)``; an edge belongs to the bin above it.

    float32 values are compared in float32, so that one that is written 0.7 is in the bin that begins at 0.7.
    """
    return np.searchsorted(_as_type(edges, values), values, side="right").astype(np.int64)


def bin_labels(edges: Sequence[float]) -> tuple[str, ...]:
    """Write the bins as half-open intervals: ``(-∞, 0.2)``, ``[0.2, 0.4)``, ``[0.4, ∞)``."""
    cuts = ["-∞", *map(format_number, map(float, edges)), "∞"]
    opening = ["(", *("[" for _ in edges)]
    return tuple(
        f"{bracket}{low}, {high})" for bracket, low, high in zip(opening, cuts, cuts[1:], strict=False)
    )


def _as_type(edges: Sequence[float] | NDArray[np.float64], values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(edges, dtype=values.dtype if values.dtype.kind == "f" else np.float64)


def _rounded(edges: NDArray[np.float64], finite: NDArray[Any], bins: int) -> tuple[float, ...]:
    """Round edges to the fewest digits that keep (nearly) every sample in its bin.

    Where the nearest number would move too many, the next one below or above is taken: 2/3, which many
    samples share, becomes 0.66, since 0.67 and 0.667 … are all above them.
    """
    allowed = int(_MOVED * len(finite) / bins)
    below = np.searchsorted(finite, _as_type(edges, finite), side="left")
    for digits in range(2, _MOST_DIGITS):
        candidate = edges.copy()
        kept = np.zeros(len(edges), dtype=bool)
        for way in (ROUND_HALF_EVEN, ROUND_FLOOR, ROUND_CEILING):
            context = Context(prec=digits, rounding=way)
            tried = np.array([float(context.create_decimal_from_float(edge)) for edge in edges.tolist()])
            moved = np.abs(np.searchsorted(finite, _as_type(tried, finite), side="left") - below)
            candidate = np.where(kept, candidate, tried)
            kept |= moved <= allowed
        if np.all(np.diff(candidate) > 0) and kept.all():
            return tuple(map(float, candidate))
    return tuple(map(float, edges))


def _occupied(edges: NDArray[np.float64], distinct: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out each edge that would close a bin without values."""
    below = np.searchsorted(distinct, edges, side="left")
    _, first = np.unique(below, return_index=True)
    return edges[first][below[first] > 0]

"""Check ``outliers``: images that are far from the others in any property."""

import numpy as np
from numpy.typing import NDArray

from seatrial.images import PROPERTIES
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.quartiles import fences

__all__ = ["outliers"]

#: Properties that are told by others: area and aspect speak for the sides.
_LEFT_OUT = frozenset({"width", "height"})

#: Properties that differ by factors, not by differences.
_BY_FACTORS = frozenset({"area", "sharpness", "noise"})

#: Where at least three quarters of the images have one value, this share of others is what is far from it.
_FEW = 0.01


def outliers(given: CheckInput) -> Found:
    """Report images beyond Tukey's fences of the data set's properties, one finding an image.

    A fence lies ``outlier_iqr`` interquartile ranges beyond the quartile (of the logarithm for area,
    sharpness and noise). Where the quartiles are one value, values that at most 1 % of the images have are
    far from it. The score is the largest distance from the fence in interquartile ranges, plus 1.
    """
    data, options = given.needs_images(), given.options
    found: dict[int, dict[str, dict[str, float]]] = {}
    worst = np.zeros(len(data))
    for name in PROPERTIES:
        if name in _LEFT_OUT:
            continue
        values = data.property(name)
        low, high, distance = _beyond(name, values, options.outlier_iqr, options.outlier_min_n)
        for row in np.flatnonzero(distance > 0).tolist():
            numbers = {"value": float(values[row]), "low": low, "high": high}
            found.setdefault(row, {})[name] = {key: round(one, 6) for key, one in numbers.items()}
            worst[row] = max(worst[row], distance[row])
    return Found(tuple(_finding(data, row, found[row], float(worst[row])) for row in sorted(found)))


def _beyond(
    name: str, values: NDArray[np.float64], width: float, min_n: int
) -> tuple[float, float, NDArray[np.float64]]:
    """Give both fences in the property's unit, and how far beyond them each value lies (0 inside)."""
    scaled = np.log2(values + 1) if name in _BY_FACTORS else values
    known = scaled[~np.isnan(scaled)]
    low, middle, high = fences(known, width, min_n)
    distance = np.zeros(len(values))
    if not np.isfinite(low):
        return low, high, distance
    spread = (high - low) / (2 * width + 1)
    if spread > 0:
        distance = np.maximum(np.maximum(low - scaled, scaled - high) / spread, -1) + 1
        distance[~(distance > 1)] = 0
    elif 0 < (known != middle).mean() <= _FEW:
        distance[(scaled != middle) & ~np.isnan(scaled)] = 1
    if name in _BY_FACTORS:
        low, high = 2.0**low - 1, 2.0**high - 1
    return low, high, distance


def _finding(
    data: MeasuredDataset, row: int, properties: dict[str, dict[str, float]], score: float
) -> Finding:
    one = data.manifest.table.column("id")[row].as_py()
    named = ", ".join(f"{name} {numbers['value']:.4g}" for name, numbers in properties.items())
    return Finding(
        "outliers",
        "info",
        f"far from the others in {named}",
        (one,),
        round(score, 6),
        {"properties": properties},
    )

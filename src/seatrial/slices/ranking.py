"""Replicates of the area under the ROC curve: of all slices in one pass over each order of the samples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.metrics import ClassificationSamples, Samples
from seatrial.metrics.auroc import RankedClasses
from seatrial.metrics.ranking import LANES, Memberships, Ranking
from seatrial.metrics.sufficient import Key
from seatrial.slices.draws import Draws, keep
from seatrial.statistics import PoissonWeights

if TYPE_CHECKING:
    from seatrial.slices.resampling import Wanted

__all__ = ["rank_all"]

_METRIC = "auroc"


@dataclass(frozen=True, slots=True)
class _Part:
    """One slice of one model: what is ranked there, which values are defined, and where they go."""

    ranked: RankedClasses
    defined: frozenset[Key]
    draws: Draws


def rank_all(
    models: Sequence[Samples],
    wanted: Sequence["Wanted"],
    draws: Sequence[tuple[Draws, ...]],
    weights: PoissonWeights,
    *,
    replicates: int,
) -> list["Wanted"]:
    """Draw the replicates of ``auroc``.

    The samples are sorted once for each class, not once for each slice and class, and one walk along an order
    serves all slices and a few replicates.

    Args:
        models: On the same samples.
        wanted: One per slice.
        draws: Takes the replicates of each slice and model.
        weights: Of the samples.
        replicates: How many.

    Returns:
        What is left to measure of each slice.
    """
    chosen = [place for place, one in enumerate(wanted) if _METRIC in one.metrics and len(one.index)]
    for number, model in enumerate(models):
        if not isinstance(model, ClassificationSamples):
            return list(wanted)
        parts, indices = [], []
        for place in chosen:
            one = wanted[place]
            ranked = RankedClasses(model, one.index, per_class=one.per_class)
            if ranked.needed:
                defined = frozenset(key for key, about in ranked.support().items() if not about.reason)
                parts.append(_Part(ranked, defined, draws[place][number]))
                indices.append(one.index)
        if parts:
            _draw(model, parts, Memberships.of(indices, len(weights)), weights, replicates)
    return [replace(one, metrics=tuple(name for name in one.metrics if name != _METRIC)) for one in wanted]


def _draw(
    model: ClassificationSamples,
    parts: Sequence[_Part],
    memberships: Memberships,
    weights: PoissonWeights,
    replicates: int,
) -> None:
    codes = sorted({code for part in parts for code in part.ranked.needed})
    ranking = Ranking.of(model, codes)
    for start in range(0, replicates, LANES):
        stop = min(start + LANES, replicates)
        areas = ranking.areas(memberships, weights.by_group(start, start + LANES), weights.member)
        for part, of_slice in zip(parts, areas[:, :, : stop - start], strict=True):
            of_codes = dict(zip(codes, of_slice, strict=True))
            values = part.ranked.of_areas({code: of_codes[code] for code in part.ranked.needed})
            for key in part.defined:
                keep(part.draws, key, values[key], start, replicates)

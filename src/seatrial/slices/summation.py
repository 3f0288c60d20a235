"""Replicates of metrics that are sums over samples: of all slices and models in one pass over the samples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import in_threads
from seatrial.metrics import Samples
from seatrial.metrics.adding import LANES, Adding
from seatrial.metrics.sufficient import Additive, Key
from seatrial.slices.draws import Draws, keep
from seatrial.statistics import PoissonWeights

if TYPE_CHECKING:
    from seatrial.slices.resampling import Wanted

__all__ = ["add_up"]

#: Sums of the replicates that are worked on at the same time, in bytes.
CHUNK_BYTES = 64 << 20

#: Samples of the slices that are worked on at the same time, each counted for every slice that it is in.
PORTION = 1 << 21


@dataclass(frozen=True, slots=True)
class _Part:
    """One group of metrics of one model on one slice: which of all sums are its own, and where values go."""

    group: Additive
    rows: slice
    defined: frozenset[Key]
    draws: Draws


def add_up(
    models: Sequence[Samples],
    wanted: Sequence["Wanted"],
    draws: Sequence[tuple[Draws, ...]],
    weights: PoissonWeights,
    *,
    replicates: int,
) -> list["Wanted"]:
    """Draw the replicates of all metrics that are sums over samples.

    Weights are drawn for a few replicates at a time and added up for all slices while they are at hand, in
    as many threads as there are cores. What the samples add is held for a few slices at a time; weights are
    drawn again for the next. A replicate is added up by one thread, sample after sample: its values
    depend neither on the number of threads nor on which slices are measured together.

    Args:
        models: On the same samples.
        wanted: One per slice.
        draws: Takes the replicates of each slice and model.
        weights: Of the samples.
        replicates: How many.

    Returns:
        What is left to measure of each slice.
    """
    left = []
    for portion in _portions(wanted):
        parts, matrices, height = [], [], 0
        for one, of_slice in zip(wanted[portion], draws[portion], strict=True):
            done: set[str] = set()
            for model, kept in zip(models, of_slice, strict=True):
                groups = (
                    model.groups(one.index, one.metrics, per_class=one.per_class) if len(one.index) else []
                )
                for group in groups:
                    if not isinstance(group, Additive):
                        continue
                    support = group.support()
                    defined = frozenset(key for key, about in support.items() if not about.reason)
                    below = height + group.sums.shape[0]
                    parts.append(_Part(group, slice(height, below), defined, kept))
                    matrices.append((group.sums, one.index))
                    height = below
                    done |= {name for name, _ in support}
            left.append(replace(one, metrics=tuple(name for name in one.metrics if name not in done)))
        if parts:
            _draw(parts, Adding.of(matrices, len(weights)), weights, replicates)
    return left


def _portions(wanted: Sequence["Wanted"]) -> Iterator[slice]:
    """Cut slices, in their order, into portions of a few samples each."""
    start = held = 0
    for place, one in enumerate(wanted):
        if held and held + len(one.index) > PORTION:
            yield slice(start, place)
            start, held = place, 0
        held += len(one.index)
    yield slice(start, len(wanted))


def _draw(parts: Sequence[_Part], adding: Adding, weights: PoissonWeights, replicates: int) -> None:
    chunk = max(1, CHUNK_BYTES // (8 * LANES * max(1, adding.height))) * LANES
    member = weights.member
    for start in range(0, replicates, chunk):
        stop = min(start + chunk, replicates)
        sums = np.empty((adding.height, stop - start))

        def add(first: int, start: int = start, stop: int = stop, sums: NDArray[np.float64] = sums) -> None:
            last = min(first + LANES, stop)
            drawn = weights.by_group(first, first + LANES)
            adding.sums(drawn, member, sums[:, first - start : last - start])

        in_threads(add, range(start, stop, LANES))
        for part in parts:
            for key, values in part.group.of_sums(sums[part.rows]).items():
                if key in part.defined:
                    keep(part.draws, key, values, start, replicates)

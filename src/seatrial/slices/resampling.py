"""Bootstrap replicates of every metric on every slice, of one or two models, from one set of weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics import Samples, compute
from seatrial.progress import Advance
from seatrial.slices.draws import Draws, keep
from seatrial.statistics import PoissonWeights

__all__ = ["Wanted", "resample"]

#: Weights of one block of replicates, in bytes.
BLOCK_BYTES = 32 << 20

#: Replicates of the slices that are worked on at the same time, in bytes.
BATCH_BYTES = 256 << 20

#: From so many weights on, compiled kernels save more time than compiling them takes.
MANY_WEIGHTS = 1 << 26


@dataclass(frozen=True)
class Wanted:
    """What to measure on one slice.

    Attributes:
        index: Places of the slice's samples among the labelled ones, ascending, shape (m,).
        metrics: Names of metrics.
        per_class: Whether to measure each class, too.
    """

    index: NDArray[np.int64]
    metrics: tuple[str, ...]
    per_class: bool

    def keys(self, classes: int) -> int:
        """Bound how many values this gives."""
        return len(self.metrics) * (1 + classes * self.per_class)


def resample(
    models: Sequence[Samples],
    wanted: Sequence[Wanted],
    weights: PoissonWeights,
    *,
    replicates: int,
    advance: Advance,
) -> Iterator[tuple[Draws, ...]]:
    """Draw the replicates of every slice.

    A block of weights is made once and serves all slices of a batch and all models, so that the models'
    replicates are paired. Neither the weights of all replicates nor the replicates of all slices are
    ever held at once. Where there are many weights, what is a sum over samples is added up for all slices in
    one pass (see :func:`seatrial.slices.summation.add_up`), and what ranks samples walks along one order for
    all slices (see :func:`seatrial.slices.ranking.rank_all`); the numbers are the same to the last bit.

    Args:
        models: Candidate, and champion where there is one, on the same samples.
        wanted: One per slice.
        weights: Of the samples.
        replicates: How many.
        advance: Told the number of (slice, replicate) pairs done.

    Yields:
        For each slice, in order: the draws of each model.
    """
    for batch in _batches(wanted, len(models[0].classes), len(models) * replicates):
        draws: list[tuple[Draws, ...]] = [tuple({} for _ in models) for _ in batch]
        rest: Sequence[Wanted] = batch
        if len(weights) * replicates >= MANY_WEIGHTS:
            from seatrial.slices.ranking import rank_all
            from seatrial.slices.summation import add_up

            rest = add_up(models, batch, draws, weights, replicates=replicates)
            rest = rank_all(models, rest, draws, weights, replicates=replicates)
        if any(one.metrics for one in rest):
            for start, stop in _blocks(len(weights), replicates):
                block = weights.block(start, stop)
                for one, drawn in zip(rest, draws, strict=True):
                    part = block if len(one.index) == len(weights) else block[:, one.index]
                    for model, kept in zip(models, drawn, strict=True):
                        _keep(kept, model, one, part, (start, replicates))
                    advance(stop - start)
        else:
            advance(len(batch) * replicates)
        yield from draws


def _keep(
    kept: Draws,
    model: Samples,
    one: Wanted,
    weights: NDArray[np.uint8],
    place: tuple[int, int],
) -> None:
    """Measure one block and put it where it belongs among all replicates."""
    start, replicates = place
    if len(one.index) == 0 or not one.metrics:
        return
    for key, computed in compute(model, one.index, weights, one.metrics, per_class=one.per_class).items():
        if not computed.reason:
            keep(kept, key, computed.values, start, replicates)


def _blocks(samples: int, replicates: int) -> Iterator[tuple[int, int]]:
    size = max(1, BLOCK_BYTES // max(1, samples))
    for start in range(0, replicates, size):
        yield start, min(start + size, replicates)


def _batches(wanted: Sequence[Wanted], classes: int, values: int) -> Iterator[list[Wanted]]:
    batch: list[Wanted] = []
    held = 0
    for one in wanted:
        size = one.keys(classes) * values * 8
        if batch and held + size > BATCH_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(one)
        held += size
    if batch:
        yield batch

"""Which units of an evaluation are explained: the worst of each confusion cell, and a draw of all."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.mining.failures import Failures

__all__ = ["Chosen", "choose", "hashed_order", "worst_by_cell"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is explained.

    Attributes:
        units: Places in the failures, ascending, shape (k,).
        drawn: Whether each is in the draw that stands for the whole data set, bool, shape (k,).
    """

    units: NDArray[np.int64]
    drawn: NDArray[np.bool_]


def choose(failures: Failures, *, per_cell: int, cells: int, draw: int | None, seed: int = 7) -> Chosen:
    """Choose the worst failures of the largest confusion cells, and images at random.

    The draw goes by a hash of the seed and each image's id: it does not depend on the model, so that two
    models are compared on the same images, nor on the order of the images.

    Args:
        failures: What can fail.
        per_cell: Worst failures of each cell, at most.
        cells: Cells with the most failures, at most.
        draw: Images that are drawn, right or wrong, with all of their units; None for all.
        seed: Of the draw.

    Raises:
        InputError: A number is negative, or nothing carries a truth.
    """
    for name, number in (("per_cell", per_cell), ("cells", cells), ("draw", draw or 0)):
        if number < 0:
            raise InputError(f"option {name}: expected at least 0, got {number}")
    if not len(failures):
        raise InputError("nothing to explain: no sample of the evaluation carries a truth")
    drawn = _drawn(failures, draw, seed)
    worst = np.zeros(len(failures), dtype=np.bool_)
    for units in list(worst_by_cell(failures))[:cells]:
        worst[units[:per_cell]] = True
    units = np.flatnonzero(drawn | worst)
    return Chosen(units, drawn[units])


def worst_by_cell(failures: Failures) -> Iterator[NDArray[np.int64]]:
    """Give the failures of each cell (truth, prediction and kind), largest cell first, worst first."""
    wrong = np.flatnonzero(failures.error)
    keys = np.stack([failures.truth[wrong], failures.prediction[wrong], failures.kind[wrong]], axis=1)
    _, number = np.unique(keys, axis=0, return_inverse=True)
    number = number.reshape(-1)
    sizes = np.bincount(number) if len(wrong) else np.empty(0, dtype=np.int64)
    for cell in np.argsort(-sizes, kind="stable").tolist():
        units = wrong[number == cell]
        yield failures.worst_first(units)


def _drawn(failures: Failures, draw: int | None, seed: int) -> NDArray[np.bool_]:
    if draw is None:
        return np.ones(len(failures), dtype=np.bool_)
    ids = sorted(set(failures.id.tolist()))
    chosen = [ids[place] for place in hashed_order(ids, seed)[:draw]]
    return np.isin(failures.id, np.array(chosen, dtype=object))


def hashed_order(ids: Sequence[str], seed: int) -> NDArray[np.int64]:
    """Shuffle ids by their hashes: the order does not depend on what else there is, nor on theirs."""
    ranks = [hashlib.sha256(f"{seed} {one}".encode()).digest() for one in ids]
    return np.array(sorted(range(len(ids)), key=ranks.__getitem__), dtype=np.int64)

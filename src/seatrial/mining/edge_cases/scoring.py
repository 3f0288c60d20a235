"""How relevant each image of a pool is to each group of failures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.edge_cases.evaluated import Evaluated
from seatrial.mining.edge_cases.likeness import likeness
from seatrial.mining.edge_cases.pool import Pool
from seatrial.mining.edge_cases.space import Space
from seatrial.mining.edge_cases.targets import Target
from seatrial.neighbours import Embeddings, NeighbourIndex

__all__ = ["Scored", "score"]

_OTHERS = 10


@dataclass(frozen=True)
class Scored:
    """Images of a pool, compared with failures.

    Attributes:
        vectors: What stands for each image when it is compared with others, shape (n, width).
        likeness: Of each image to each group, in [0, 1], shape (groups, n); None where nothing fails.
        nearest: Place of the nearest failure within the group, shape (groups, n).
        rows: Row of the pool's embeddings that is alike, shape (groups, n).
        relevance: Shape (groups, n), in [0, 1].
    """

    vectors: NDArray[np.float32]
    likeness: NDArray[np.float64] | None
    nearest: NDArray[np.int64]
    rows: NDArray[np.int64]
    relevance: NDArray[np.float64]


def score(
    pool: Pool,
    evaluated: Evaluated,
    targets: Sequence[Target],
    train: Sequence[Embeddings],
    uncertainty: float,
    appearance: float,
) -> Scored:
    """Compare a pool with failures, and with what the model gets right or was trained on.

    Args:
        pool: The pool.
        evaluated: What the model was evaluated on.
        targets: Groups of failures. Without any, an image's relevance is its uncertainty or, where that is
            not known, how far it is from all that is labelled.
        train: Vectors of what else is labelled.
        uncertainty: Weight of the uncertainty, in [0, 1].
        appearance: Weight of image properties beside the vectors.
    """
    space = Space.of(pool.embeddings, [evaluated.embeddings, *train], appearance)
    rows, seen = space.apply(pool.embeddings), space.apply(evaluated.embeddings)
    others = np.concatenate([seen[evaluated.right], *(space.apply(one) for one in train)])
    if not targets:
        return _without_failures(pool, rows, others)
    found = likeness(rows, [seen[one.rows] for one in targets], others)
    best = np.stack([_best_rows(values, pool) for values in found.values])
    alike = np.take_along_axis(found.values, best, axis=1)
    nearest = np.take_along_axis(found.nearest, best, axis=1)
    most = np.take_along_axis(best, alike.argmax(axis=0)[None], axis=0)[0]
    relevance = alike
    if pool.uncertainty is not None:
        relevance = (1 - uncertainty) * alike + uncertainty * pool.uncertainty
    return Scored(rows[most], alike, nearest, best, relevance)


def _best_rows(values: NDArray[np.float64], pool: Pool) -> NDArray[np.int64]:
    """Give the row of each image that has the largest value; of equals the earlier."""
    order = np.lexsort((np.arange(len(values)), -values, pool.image))
    _, first = np.unique(pool.image[order], return_index=True)
    return np.asarray(order[first], dtype=np.int64)


def _without_failures(pool: Pool, rows: NDArray[np.float32], others: NDArray[np.float32]) -> Scored:
    away = np.zeros(len(rows))
    if len(others):
        away = (
            NeighbourIndex.build(others, metric="l2").search(rows, _OTHERS)[0].mean(axis=1, dtype=np.float64)
        )
    best = _best_rows(away, pool)
    relevance = pool.uncertainty
    if relevance is None:
        relevance = away[best] / max(float(away.max()), np.finfo(np.float64).tiny)
    return Scored(rows[best], None, np.zeros((1, len(pool)), np.int64), best[None], relevance[None])

"""Places on a plane that keep neighbours together: UMAP's objective, in a few compiled lines.

McInnes, Healy and Melville 2018, https://arxiv.org/abs/1802.03426: each sample's distances become the
strength of its ties to its neighbours (section 3.1), and a descent by sampled ties pulls together what is
tied and pushes others apart (section 3.2).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from seatrial.compiled import compiled

__all__ = ["lay_out"]

_NEIGHBOURS = 15
#: Rounds of the descent, for few samples and for many.
_ROUNDS, _FEWER_ROUNDS, _MANY = 400, 200, 4_000
#: Samples that are pushed away for each pull.
_PUSHES = 5
#: The curve of closeness over distance for ``min_dist`` 0.1 and ``spread`` 1: 1 / (1 + a·d^(2b)).
_A, _B = 1.5769434603113077, 0.8950608779109733
#: The start spreads this far, and no step goes farther than that.
_START, _STEP = 10.0, 4.0
_BLOCK = 1_024
_HALVINGS = 48
_DIGITS = 10


def lay_out(vectors: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float32]:
    """Lay samples out by the cosine distance of their vectors, beginning at the first two columns.

    Args:
        vectors: Principal components, those of most variance first, shape (n, width), width of at least 2,
            n of at least 3.
        seed: Draws what is pushed away.

    Returns:
        Shape (n, 2), float32; the same for the same input.
    """
    near, distances = _nearest(vectors)
    ties = _ties(near, distances)
    start = vectors[:, :2] - vectors[:, :2].mean(axis=0)
    noise = np.random.default_rng(seed).normal(0, 1e-4, start.shape)
    places = np.ascontiguousarray(
        start * (_START / max(float(np.abs(start).max()), 1e-12)) + noise, np.float64
    )
    rounds = _ROUNDS if len(vectors) <= _MANY else _FEWER_ROUNDS
    strong = ties.data >= ties.data.max() / rounds  # the others would never be drawn
    heads, tails, every = ties.row[strong], ties.col[strong], ties.data.max() / ties.data[strong]
    _descend(places, heads.astype(np.int64), tails.astype(np.int64), every, rounds, np.uint64(seed))
    return places.astype(np.float32)


def _nearest(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find each sample's nearest others by cosine distance; of equals, the first."""
    exact = vectors.astype(np.float64)
    norms = np.sqrt((exact**2).sum(axis=1, keepdims=True))
    unit = np.divide(exact, norms, out=np.zeros_like(exact), where=norms > 0)
    count = min(_NEIGHBOURS, len(vectors) - 1)
    near = np.empty((len(vectors), count), dtype=np.int64)
    distances = np.empty((len(vectors), count))
    for first in range(0, len(vectors), _BLOCK):
        # rounded: the order of the sums, which depends on the number of threads, does not change them
        likeness = np.round(unit[first : first + _BLOCK] @ unit.T, _DIGITS)
        rows = np.arange(len(likeness))
        likeness[rows, first + rows] = -np.inf
        chosen = np.sort(np.argpartition(-likeness, count - 1, axis=1)[:, :count], axis=1)
        far = 1 - np.take_along_axis(likeness, chosen, axis=1)
        order = np.argsort(far, axis=1, kind="stable")
        near[first + rows] = np.take_along_axis(chosen, order, axis=1)
        distances[first + rows] = np.take_along_axis(far, order, axis=1).clip(0, None)
    return near, distances


def _ties(near: NDArray[np.int64], distances: NDArray[np.float64]) -> sparse.coo_matrix:
    """Turn distances into the strength of ties, in (0, 1]: the nearest is tied by 1 (equations 1 to 3)."""
    beyond = distances - distances[:, :1]
    wanted = np.log2(distances.shape[1] + 1)
    low, high = np.zeros(len(near)), np.full(len(near), max(float(beyond.max()), 1e-12) * 1e3)
    for _ in range(_HALVINGS):  # the strengths of a sample's ties add up to the same for all
        middle = (low + high) / 2
        enough = np.exp(-beyond / middle[:, None]).sum(axis=1) > wanted
        high = np.where(enough, middle, high)
        low = np.where(enough, low, middle)
    strength = np.exp(-beyond / high[:, None])
    rows = np.repeat(np.arange(len(near)), near.shape[1])
    one_way = sparse.csr_matrix((strength.ravel(), (rows, near.ravel())), shape=(len(near), len(near)))
    other_way = one_way.T.tocsr()
    return (one_way + other_way - one_way.multiply(other_way)).tocoo()


@compiled
def _descend(
    places: NDArray[np.float64],
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    every: NDArray[np.float64],
    rounds: int,
    seed: np.uint64,
) -> None:
    """Move the places: a tie is drawn once in ``every`` rounds, and pushes five others away each time."""
    due = every.copy()
    state = seed * np.uint64(2_862_933_555_777_941_757) + np.uint64(3_037_000_493)
    count = np.uint64(len(places))
    for turn in range(rounds):
        rate = 1.0 - turn / rounds
        for tie in range(len(heads)):
            if due[tie] > turn + 1:
                continue
            due[tie] += every[tie]
            head, tail = heads[tie], tails[tie]
            x, y = places[head, 0] - places[tail, 0], places[head, 1] - places[tail, 1]
            square = x * x + y * y
            if square > 0.0:
                power = square**_B
                pull = -2.0 * _A * _B * power / square / (1.0 + _A * power)
                step_x = min(_STEP, max(-_STEP, pull * x)) * rate
                step_y = min(_STEP, max(-_STEP, pull * y)) * rate
                places[head, 0] += step_x
                places[head, 1] += step_y
                places[tail, 0] -= step_x
                places[tail, 1] -= step_y
            for _ in range(_PUSHES):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                other = np.int64(state % count)
                if other == head:
                    continue
                x, y = places[head, 0] - places[other, 0], places[head, 1] - places[other, 1]
                square = x * x + y * y
                if square > 0.0:
                    push = 2.0 * _B / (0.001 + square) / (1.0 + _A * square**_B)
                    places[head, 0] += min(_STEP, max(-_STEP, push * x)) * rate
                    places[head, 1] += min(_STEP, max(-_STEP, push * y)) * rate

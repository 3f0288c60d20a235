"""Embeddings on a plane, so that a person sees what lies together."""

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError

__all__ = ["project"]

#: At most so many samples are laid out; the others are placed among their nearest of these.
_FITTED = 8_000
#: From fewer samples than this nothing can be learned about neighbourhoods: they are projected linearly.
_LEAST = 20
_COMPONENTS = 50
_NEAREST = 5
_GRAIN = 1e-7


def project(vectors: NDArray[np.float32], *, seed: int = 0, fitted: int = _FITTED) -> NDArray[np.float32]:
    """Place samples on a plane so that what is alike lies together.

    Principal components first (at most 50), then UMAP's layout by cosine distance, see
    :func:`~seatrial.mining.neighbour_layout.lay_out`. Of more than ``fitted`` samples a random choice is
    laid out, and each other sample is placed at the weighted mean of its five nearest of them. Distances
    across the plane mean little; neighbourhoods do.

    Args:
        vectors: Shape (n, width), float32.
        seed: Draws the choice and starts the layout; the same seed on the same machine gives the same map.
        fitted: Most samples that the layout is fitted to.

    Returns:
        Shape (n, 2), float32.

    Raises:
        InputError: A value is not finite; names the first row.
    """
    from seatrial.mining.neighbour_layout import lay_out  # importing it loads the compiler

    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(broken):
        raise InputError(
            f"embeddings: row {broken[0]} holds a value that is not finite, {len(broken)} rows do"
        )
    reduced = _principal(vectors)
    if len(reduced) < _LEAST or not reduced.any():
        return np.ascontiguousarray(reduced[:, :2])
    rng = np.random.default_rng(seed)
    chosen = np.arange(len(reduced))
    if len(reduced) > fitted:
        chosen = np.sort(rng.choice(len(reduced), fitted, replace=False))
    laid_out = lay_out(reduced[chosen], seed=seed)
    return laid_out if len(chosen) == len(reduced) else _placed(reduced, chosen, laid_out)


def _principal(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the first principal components.

    Sums in double precision, rounded to seven digits: their order, which depends on the number of threads,
    does not change them.
    """
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    kept = axes[:, ::-1][:, :_COMPONENTS]
    kept = kept * np.where(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])] < 0, -1, 1)
    reduced = centred @ kept
    grain = max(float(np.abs(reduced).max(initial=0)), 1e-30) * _GRAIN
    reduced = np.round(reduced / grain) * grain
    if reduced.shape[1] == 1:
        reduced = np.pad(reduced, ((0, 0), (0, 1)))
    return np.asarray(reduced, dtype=np.float32)


def _placed(
    reduced: NDArray[np.float32], chosen: NDArray[np.int64], laid_out: NDArray[np.float32]
) -> NDArray[np.float32]:
    from seatrial.neighbours import NeighbourIndex

    distances, nearest = NeighbourIndex.build(reduced[chosen], metric="cosine").search(reduced, _NEAREST)
    weights = 1 / (distances + np.float32(1e-6))
    weights /= weights.sum(axis=1, keepdims=True)
    placed: NDArray[np.float32] = np.einsum("nk,nkd->nd", weights, laid_out[nearest]).astype(np.float32)
    return placed

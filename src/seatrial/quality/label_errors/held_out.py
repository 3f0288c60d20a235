"""Probabilities from embeddings, each sample's from all the others: out of sample."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HeldOut"]

#: Samples that the others are compared with; with no more than that, the result is exact.
_LANDMARKS = 1000

#: Squared width of the kernel in squared distances to the tenth neighbour, and how much is shrunk.
_WIDTH, _RIDGE = 4.0, 0.2

#: A sample whose label is doubted still counts this much, so that its own row can be solved for.
_LEAST = 1e-3

_BLOCK = 16_384
_TINY = 1e-12


@dataclass(frozen=True)
class HeldOut:
    """Kernel ridge regression on embeddings, every sample predicted by a fit that leaves it out.

    Leaving out needs no refits: with the prediction f, the target y and the leverage h of a sample, the one
    without it is (f − h·y) / (1 − h) (Rasmussen & Williams 2006, section 5.4.2; Allen 1974). The kernel is
    Gaussian on the unit sphere, so that cosine distance decides; beyond 1,000 samples it is approximated by
    the distances to 1,000 of them (Nyström; Williams & Seeger 2001), and the work grows with the number of
    samples alone.

    Attributes:
        vectors: Directions of the embeddings, shape (n, width), float64.
        scale: What squared distances are divided by.
        landmarks: Rows that the others are compared with, shape (m,).
        root: Inverse of the Cholesky factor of the landmarks' kernel, shape (m, m).
    """

    vectors: NDArray[np.float64]
    scale: float
    landmarks: NDArray[np.int64]
    root: NDArray[np.float64]

    @classmethod
    def on(cls, vectors: NDArray[np.float32], tenth: NDArray[np.float64], seed: int = 7) -> "HeldOut":
        """Prepare.

        Args:
            vectors: Embeddings, shape (n, width), finite.
            tenth: Cosine distance of each to its tenth neighbour, shape (n,).
            seed: Of the choice of landmarks.
        """
        from scipy.linalg import cholesky, solve_triangular

        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        directions = vectors / np.maximum(lengths, _TINY)
        positive = tenth[tenth > _TINY]
        # on the unit sphere, a squared distance is twice the cosine distance
        scale = _WIDTH * 2 * float(np.median(positive)) if positive.size else 1.0
        chosen = np.random.default_rng(seed).permutation(len(vectors))[:_LANDMARKS]
        landmarks = np.sort(chosen).astype(np.int64)
        among = _kernel(directions[landmarks], directions[landmarks], scale)
        among[np.diag_indices_from(among)] += 1e-8
        factor = cholesky(among, lower=True)
        root = solve_triangular(factor, np.eye(len(factor)), lower=True)
        return cls(directions, scale, landmarks, root)

    def probabilities(
        self, labels: NDArray[np.int64], classes: int, trusted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Predict every sample from the others.

        Args:
            labels: Class codes, shape (n,).
            classes: How many classes there are.
            trusted: Samples whose labels count, shape (n,); None for all.

        Returns:
            Shape (n, classes): predictions clipped to [0, 1], rows summing to one.
        """
        from scipy.linalg import cho_factor, cho_solve

        weight = np.ones(len(labels)) if trusted is None else np.where(trusted, 1.0, _LEAST)
        size = len(self.landmarks)
        normal, right = np.zeros((size, size)), np.zeros((size, classes))
        targets = np.eye(classes)[labels] - 1 / classes
        for part, features in self._features():
            weighed = features * weight[part, None]
            normal += weighed.T @ features
            right += weighed.T @ targets[part]
        normal[np.diag_indices_from(normal)] += _RIDGE
        factor = cho_factor(normal, lower=True)
        fitted, inverse = cho_solve(factor, right), cho_solve(factor, np.eye(size))
        found = np.empty((len(labels), classes))
        for part, features in self._features():
            leverage = weight[part] * np.einsum("ij,ij->i", features @ inverse, features)
            left = (features @ fitted - leverage[:, None] * targets[part]) / (1 - leverage)[:, None]
            found[part] = left
        beliefs = (found + 1 / classes).clip(_TINY, 1.0)
        return np.asarray(beliefs / beliefs.sum(axis=1, keepdims=True))

    def _features(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """Walk over the samples, a bounded number at a time."""
        for start in range(0, len(self.vectors), _BLOCK):
            part = slice(start, start + _BLOCK)
            near = _kernel(self.vectors[part], self.vectors[self.landmarks], self.scale)
            yield part, near @ self.root.T


def _kernel(one: NDArray[np.float64], other: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    return np.asarray(np.exp(-np.maximum(squares, 0.0) / scale))

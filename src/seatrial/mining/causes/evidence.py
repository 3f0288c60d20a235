"""What is known of each failing sample before any rule is applied."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.neighbours import NeighbourIndex

__all__ = ["Evidence", "Neighbourhood", "normalised_entropy"]

#: Training neighbours whose distance says how rare a sample is, and whose labels say what it looks like.
RARE_NEIGHBOURS, LABEL_NEIGHBOURS = 10, 20

#: Training samples, spread evenly, whose own distances say what is usual: a percentile near .985 is then
#: known to within .002.
MOST_OWN = 5000

_LEAST = 2


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence on n failing samples; NaN where something is not known. All of shape (n,), float64.

    Attributes:
        rare: Share of the training samples whose mean distance to their 10 nearest other training samples is
            below this sample's to its 10 nearest, in [0, 1].
        a_y: Share of the 20 nearest training samples that have this sample's label.
        a_pred: Share of them that have the predicted class as label.
        entropy: Entropy of the predicted probabilities over its greatest value, in [0, 1].
        flip: See :class:`~seatrial.evaluation.Explanations`.
        off_core: Likewise.
        patch_flip: Likewise.
        transplant: Likewise.
        contest: Entropy between the label and the predicted class alone, in bits: 1 where both are as likely,
            0 where the label is out of the question.
    """

    rare: NDArray[np.float64]
    a_y: NDArray[np.float64]
    a_pred: NDArray[np.float64]
    entropy: NDArray[np.float64]
    flip: NDArray[np.float64]
    off_core: NDArray[np.float64]
    patch_flip: NDArray[np.float64]
    transplant: NDArray[np.float64]
    contest: NDArray[np.float64]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Name the pieces of evidence."""
        return tuple(one.name for one in fields(cls))


def normalised_entropy(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Give the entropy of each row of probabilities over that of equal ones, shape (n, C) to (n,).

    One class has no entropy: 0.
    """
    shares = scores.astype(np.float64).clip(0, None)
    totals = shares.sum(axis=1, keepdims=True)
    shares = np.divide(shares, totals, out=np.zeros_like(shares), where=totals > 0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    most = np.log(scores.shape[1]) if scores.shape[1] > 1 else 1.0
    return np.asarray((-(shares * logs).sum(axis=1) / most).clip(0, 1) + 0.0)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The training samples as neighbours.

    Attributes:
        vectors: Their embeddings, float32, shape (m, d), finite.
        labels: Their classes' codes, −1 where unlabelled, shape (m,).
    """

    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, vectors: NDArray[np.float32], labels: Sequence[int]) -> "Neighbourhood":
        """Leave out what has no finite vector.

        Raises:
            InputError: Fewer than two samples have one.
        """
        finite = np.isfinite(vectors).all(axis=1)
        if finite.sum() < _LEAST:
            raise InputError(
                f"training embeddings: expected at least {_LEAST} of finite numbers, got {finite.sum()} "
                f"of {len(vectors)}"
            )
        return cls(vectors[finite], np.asarray(labels, dtype=np.int64)[finite])

    def evidence(
        self, queries: NDArray[np.float32], labels: NDArray[np.int64], predictions: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Give ``rare``, ``a_y`` and ``a_pred`` of samples; NaN where a vector is not finite.

        Args:
            queries: Embeddings, shape (n, d).
            labels: Class codes, −1 where unlabelled, shape (n,).
            predictions: Class codes, shape (n,).

        Raises:
            InputError: The embeddings are of another width.
        """
        if queries.shape[1] != self.vectors.shape[1]:
            raise InputError(
                f"embeddings are {queries.shape[1]} numbers wide, those of the training samples "
                f"{self.vectors.shape[1]}: expected both of the same model"
            )
        rare, own, other = (np.full(len(queries), np.nan) for _ in range(3))
        known = np.flatnonzero(np.isfinite(queries).all(axis=1))
        if not len(known):
            return rare, own, other
        index = NeighbourIndex.build(self.vectors, metric="l2")
        distances, rows = index.search(queries[known], min(LABEL_NEIGHBOURS, len(self.vectors)))
        among = self._own_distances(index)
        nearest = distances[:, : self._count].mean(axis=1, dtype=np.float64)
        rare[known] = np.searchsorted(among, nearest, side="left") / len(among)
        found = np.where(rows >= 0, self.labels[rows], -1)  # an inexact index may find fewer
        labelled = (found >= 0).sum(axis=1)
        for shares, codes in ((own, labels[known]), (other, predictions[known])):
            agreeing = ((found == codes[:, None]) & (codes >= 0)[:, None]).sum(axis=1)
            usable = (labelled > 0) & (codes >= 0)
            shares[known[usable]] = agreeing[usable] / labelled[usable]
        return rare, own, other

    @property
    def _count(self) -> int:
        return min(RARE_NEIGHBOURS, len(self.vectors) - 1)

    def _own_distances(self, index: NeighbourIndex) -> NDArray[np.float64]:
        """Give mean distances of training samples to their nearest others, ascending."""
        chosen = np.unique(np.linspace(0, len(self.vectors) - 1, MOST_OWN).astype(np.int64))
        distances, rows = index.search(self.vectors[chosen], self._count + 1)
        itself = rows == chosen[:, None]
        itself[~itself.any(axis=1), -1] = True  # among many copies it may not have found itself
        others = distances[~itself].reshape(len(chosen), self._count)
        return np.sort(others.mean(axis=1, dtype=np.float64))

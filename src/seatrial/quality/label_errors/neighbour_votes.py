"""Labels of the nearest others, in the space of embeddings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.neighbours import NeighbourIndex

__all__ = ["NEIGHBOURS", "NeighbourVotes"]

#: Neighbours that are asked, and those that are looked up: some may be left out.
NEIGHBOURS = 10
_LOOKED_UP = 20

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class NeighbourVotes:
    """The nearest others of each sample.

    Attributes:
        distances: Cosine distances, nearest first, float64, shape (n, k).
        rows: Their rows, shape (n, k); −1 where there are fewer.
    """

    distances: NDArray[np.float64]
    rows: NDArray[np.int64]

    @classmethod
    def on(cls, vectors: NDArray[np.float32]) -> "NeighbourVotes":
        """Look neighbours up among embeddings of shape (n, width), n at least 2.

        Raises:
            MissingExtraError: FAISS is not installed.
        """
        distances, rows = NeighbourIndex.build(vectors).leave_one_out(_LOOKED_UP)
        return cls(distances.astype(np.float64).round(6), rows)

    @property
    def tenth(self) -> NDArray[np.float64]:
        """Distance to the tenth neighbour, or to the last where there are fewer, shape (n,)."""
        return self.distances[:, :NEIGHBOURS][:, -1]

    def probabilities(
        self, labels: NDArray[np.int64], classes: int, trusted: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """Let neighbours vote, near ones more.

        A neighbour at distance d counts e^(−d/m), m being the median distance to the tenth. Doubted
        neighbours are passed over for the next ones.

        Args:
            labels: Class codes, shape (n,).
            classes: How many classes there are.
            trusted: Samples whose labels count, shape (n,); None for all.

        Returns:
            Shape (n, classes), rows summing to one; uniform where nobody votes.
        """
        voting = self.rows >= 0
        if trusted is not None:
            voting &= trusted[self.rows]
        voting &= np.cumsum(voting, axis=1) <= NEIGHBOURS
        middle = max(float(np.median(self.tenth[np.isfinite(self.tenth)])), _TINY)
        strength = np.where(voting, np.exp(-self.distances / middle), 0.0)
        votes = np.zeros((len(labels), classes))
        np.add.at(votes, (np.arange(len(labels))[:, None], labels[self.rows]), strength)
        total = votes.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > 0, votes / np.maximum(total, _TINY), 1 / classes))

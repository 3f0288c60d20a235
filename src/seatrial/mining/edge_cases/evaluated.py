"""What a model was evaluated on, as far as the choice of new images needs it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.failures import Failures
from seatrial.neighbours import Embeddings

__all__ = ["Evaluated"]


@dataclass(frozen=True)
class Evaluated:
    """What a model was evaluated on.

    Attributes:
        embeddings: Vectors of its images, or of objects in them.
        failures: Its units.
        rows: Row of the embeddings that stands for each unit, −1 where there is none, shape (units,).
    """

    embeddings: Embeddings
    failures: Failures
    rows: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.int64]:
        """Rows of the embeddings on which nothing fails, ascending."""
        there = self.rows >= 0
        return np.setdiff1d(self.rows[there], self.rows[there & self.failures.error])

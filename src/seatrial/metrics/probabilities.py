"""Class probabilities in double precision, made from single precision where they are looked at."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Probabilities"]


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Scores divided by the sum of their row: a million samples of a model need no second copy.

    Attributes:
        scores: Not negative, float32, shape (n, C).
        sums: Of each row, float64, shape (n,), positive.
    """

    scores: NDArray[np.float32]
    sums: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """Count samples and classes."""
        return self.scores.shape

    def __getitem__(self, place: Any) -> NDArray[np.float64]:
        """Give probabilities as an array would, float64: of some rows, or of rows and classes."""
        found: NDArray[np.float64] = self.scores[place].astype(np.float64)
        sums = self.sums[place[0] if isinstance(place, tuple) else place]
        found /= sums if found.ndim == sums.ndim else sums[..., None]
        return found

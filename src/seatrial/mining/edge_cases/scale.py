"""The space in which images are compared: each value of a vector in units of how much it varies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError

__all__ = ["Scale"]

#: Least deviation of a value, as a share of the median one: a value that hardly ever varies must not decide.
_FLOOR = 0.1

#: Rows that the deviations are taken from, at most.
_SAMPLE = 100_000


@dataclass(frozen=True)
class Scale:
    """Means and deviations, by which vectors are standardised.

    Measured on planted kinds of failures, Euclidean distances of standardised vectors tell more than cosines
    of the raw ones; a value that is far larger than the others would else decide alone.

    Attributes:
        mean: Shape (width,).
        deviation: Shape (width,), positive.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "Scale":
        """Measure the scale of vectors, shape (n, width); of very many, of evenly spaced ones.

        Raises:
            InputError: All vectors are the same.
        """
        sample = vectors[:: max(1, len(vectors) // _SAMPLE)].astype(np.float64)
        deviation = sample.std(axis=0)
        varying = deviation[deviation > 1e-6 * np.abs(sample).max(initial=0)]
        if not len(varying):
            raise InputError(
                f"the embeddings of all {len(vectors)} images are the same: this model cannot tell them "
                "apart; embed with another"
            )
        floor = _FLOOR * float(np.median(varying))
        return cls(sample.mean(axis=0).astype(np.float32), np.maximum(deviation, floor).astype(np.float32))

    def apply(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardise vectors."""
        return np.asarray((vectors - self.mean) / self.deviation, dtype=np.float32)

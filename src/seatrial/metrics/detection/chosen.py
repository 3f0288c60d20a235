"""Which images a slice holds, as rows of weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.sufficient import summing

__all__ = ["Chosen"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The images of a slice, each once and in ascending order.

    Attributes:
        size: How many.
        place: Place of each of all images in the slice, −1 where it is not in it, int64, shape (n,).
        named: Place in the slice of each of the m images that were named, int64, shape (m,); None where
            they were named in order, each once.
    """

    size: int
    place: NDArray[np.int64]
    named: NDArray[np.int64] | None

    @classmethod
    def of(cls, index: NDArray[np.int64], images: int) -> "Chosen":
        """Take some of the images by number, shape (m,); one that is named k times counts k times."""
        place = np.full(images, -1, dtype=np.int64)
        once, named = np.unique(index, return_inverse=True)
        place[once] = np.arange(len(once))
        in_order = bool((np.diff(index) > 0).all())
        return cls(len(once), place, None if in_order else named)

    def weights(self, named: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn weights of the images as named, shape (m, R), into those of the slice's images."""
        if self.named is None:
            return named
        m = len(self.named)
        result: NDArray[np.float64] = summing(self.named, np.arange(m), np.ones(m), (self.size, m)) @ named
        return result

    def sums(
        self,
        kinds: NDArray[Any],
        images: NDArray[np.int32],
        amounts: NDArray[Any],
        count: int,
    ) -> Any:
        """Add up amounts by kind, see :func:`~seatrial.metrics.sufficient.summing`.

        Args:
            kinds: Which of the sums each object adds to, shape (q,).
            images: The image of each object, shape (q,); those that are not in the slice add nothing.
            amounts: What each adds, shape (q,); bool counts.
            count: How many sums there are.

        Returns:
            A sparse matrix whose product with the weights of the images as named, shape (m, R), gives the
            sums, shape (count, R).
        """
        places = self.place[images]
        adds = np.flatnonzero((places >= 0) & (amounts != 0))
        shape = (count, self.size)
        sums = summing(kinds[adds].astype(np.int64), places[adds], amounts[adds].astype(np.float64), shape)
        return sums if self.named is None else sums @ self._naming()

    def _naming(self) -> Any:
        assert self.named is not None
        m = len(self.named)
        return summing(self.named, np.arange(m), np.ones(m), (self.size, m))

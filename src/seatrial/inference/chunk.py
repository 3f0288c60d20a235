"""What goes into a run and what comes out of it, a few hundred images at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chunk", "ImageRow"]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image to evaluate: its id and where it is (null where the data set does not say)."""

    id: str
    uri: str | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a model did on a run of images.

    Attributes:
        kept: Which of the chunk's images were evaluated, ascending, shape (n,).
        scores: Class probabilities, shape (n, classes), float32.
        embeddings: Penultimate layer, shape (n, width), float32; None where not captured.
        properties: Image properties in the order of ``PROPERTIES``, shape (n, properties), float64.
        failures: Number within the chunk of each image that could not be read, and why.
        batch_size: Batch size at the end of the chunk, after backing off.
    """

    kept: NDArray[np.int64]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None
    properties: NDArray[np.float64]
    failures: tuple[tuple[int, str], ...]
    batch_size: int

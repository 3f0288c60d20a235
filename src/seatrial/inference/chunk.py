"""What goes into a run and what comes out of it, a few hundred images at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chunk", "ImageResult", "ImageRow"]

#: What a task keeps of one image: arrays by name, stacked along their first axis in storage. The images of a
#: run have the same names, types and shapes but for the first axis.
ImageResult = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image to evaluate.

    Attributes:
        id: Its id.
        uri: Where it is; None where the data set does not say.
        mask: Where its truth is, an image of class codes; None where there is none.
        content: Digest that its bytes had when the data set was read; None where they were not read.
        mask_content: The same of the mask.
    """

    id: str
    uri: str | None
    mask: str | None = None
    content: str | None = None
    mask_content: str | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a model did on a run of images.

    Attributes:
        kept: Which of the chunk's images were evaluated, ascending, shape (n,).
        results: What the task keeps of each, n of them.
        embeddings: One vector an image, shape (n, width), float32; None where not captured.
        properties: Image properties in the order of ``PROPERTIES``, shape (n, properties), float64.
        failures: Number within the chunk of each image that could not be read, and why.
        batch_size: Batch size at the end of the chunk, after backing off.
    """

    kept: NDArray[np.int64]
    results: tuple[ImageResult, ...]
    embeddings: NDArray[np.float32] | None
    properties: NDArray[np.float64]
    failures: tuple[tuple[int, str], ...]
    batch_size: int

"""What a task kept of every image of a run, read from the finished chunks when it is needed."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.inference.chunk import ImageResult
from seatrial.inference.parts import Parts

__all__ = ["Results"]


class Results:
    """The results of a run, in the order of its images.

    They stay on the disk: what a run takes of memory does not grow with what it keeps of an image.

    Args:
        parts: The finished chunks.
        counts: Evaluated images of each chunk.
    """

    def __init__(self, parts: Parts, counts: Sequence[int]) -> None:
        self._parts = parts
        self._chunks = [number for number, count in enumerate(counts) if count]
        self._images = sum(counts)

    def __len__(self) -> int:
        return self._images

    def __iter__(self) -> Iterator[ImageResult]:
        for number in self._chunks:
            yield from self._parts.load_results(number)

    def stacked(self, name: str) -> NDArray[Any]:
        """Give an array that the task keeps, of all images, along the first axis; mapped from a file."""
        return self._parts.stacked(name, self._chunks)

    def embeddings(self) -> NDArray[np.float32] | None:
        """Give the embeddings, shape (n, width), mapped from a file; None where a chunk has none."""
        return self._parts.stacked_embeddings(self._chunks)

"""What goes into a run and what comes out of it, a few hundred images at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Chunk", "ImageResult", "ImageRow", "RowChunks"]

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

    def without_results(self) -> "Chunk":
        """The same without results and embeddings, which are what takes memory."""
        return replace(self, results=(), embeddings=None)


class RowChunks(Sequence[Sequence[ImageRow]]):
    """The rows of a manifest, a chunk at a time; made when they are asked for.

    Args:
        table: The manifest's table.
        size: Rows of a chunk.
        first: Number of the first chunk; those before are left out.
    """

    def __init__(self, table: pa.Table, size: int, first: int = 0) -> None:
        columns = [one.name for one in fields(ImageRow) if one.name in table.column_names]
        self._table = table.select(columns).slice(first * size)
        self._size = size

    def __len__(self) -> int:
        return len(range(0, len(self._table), self._size))

    @overload
    def __getitem__(self, number: int) -> list[ImageRow]: ...
    @overload
    def __getitem__(self, number: slice) -> list[list[ImageRow]]: ...
    def __getitem__(self, number: int | slice) -> list[ImageRow] | list[list[ImageRow]]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        part = self._table.slice(number * self._size, self._size)
        return [ImageRow(**one) for one in part.to_pylist()]

"""The embeddings of an evaluation: the map of all samples, and what is like what."""

import threading
from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.explorer.opened import OpenedEvaluation
from seatrial.mining.embedding_map import project
from seatrial.neighbours import NeighbourIndex

__all__ = ["EmbedText", "Embedded"]

#: Turns a text into vectors of the space that the images were embedded in, shape (1, width).
EmbedText = Callable[[str], NDArray[np.float32]]

_SIMILAR = 60
_STEPS = 65535


class Embedded:
    """Embeddings row for row with the samples.

    Args:
        opened: The evaluation.
        vectors: Shape (n, width), float32; None where there are none.
        embed_text: Embeds a text in the same space; None where that cannot be done.
    """

    def __init__(
        self,
        opened: OpenedEvaluation,
        vectors: NDArray[np.float32] | None,
        embed_text: EmbedText | None = None,
    ) -> None:
        self._opened = opened
        self._vectors = vectors
        self._embed_text = embed_text
        self._lock = threading.Lock()

    @property
    def reason_against_map(self) -> str:
        """Why there is no map; empty where there is one."""
        return (
            ""
            if self._vectors is not None
            else "the evaluation holds no embeddings: evaluate-model captures them"
        )

    @property
    def reason_against_similar(self) -> str:
        """Why nothing similar can be found; empty where it can."""
        return self.reason_against_map

    @property
    def reason_against_text(self) -> str:
        """Why no text can be searched for; empty where it can."""
        if self._embed_text is not None:
            return ""
        return "search by text needs --embeddings made with OpenCLIP, see seatrial embed --help"

    def points(self) -> bytes:
        """Give the map: all x, then all y, shares of 65,535 as uint16, little endian.

        Raises:
            InputError: There are no embeddings.
        """
        with self._lock:
            places = self._places
        return places[:, 0].tobytes() + places[:, 1].tobytes()

    def similar(self, row: int) -> list[tuple[int, float]]:
        """Find the samples most like one, the likest first: (row, cosine distance).

        Raises:
            InputError: There are no embeddings.
        """
        found = self._nearest(self._needed()[row : row + 1], _SIMILAR + 1)
        return [one for one in found if one[0] != row][:_SIMILAR]

    def described(self, text: str) -> list[tuple[int, float]]:
        """Find the samples that a text describes best, the best first: (row, cosine distance).

        Raises:
            InputError: The embeddings are not of a model that reads text, or the text is empty.
        """
        if self._embed_text is None:
            raise InputError(self.reason_against_text)
        if not text.strip():
            raise InputError("type what to look for")
        return self._nearest(self._embed_text(text), _SIMILAR)

    def _nearest(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        with self._lock:
            index = self._index
        distances, rows = index.search(query, min(k, len(self._opened)))
        return [
            (int(row), float(distance))
            for row, distance in zip(rows[0], distances[0], strict=True)
            if row >= 0
        ]

    def _needed(self) -> NDArray[np.float32]:
        if self._vectors is None:
            raise InputError(self.reason_against_map)
        return self._vectors

    @cached_property
    def _index(self) -> NeighbourIndex:
        return NeighbourIndex.build(self._needed(), metric="cosine")

    @cached_property
    def _places(self) -> NDArray[np.uint16]:
        placed = project(self._needed())
        low, high = placed.min(axis=0), placed.max(axis=0)
        spread = np.where(high > low, high - low, 1)
        places: NDArray[np.uint16] = np.round((placed - low) / spread * _STEPS).astype("<u2")
        return places

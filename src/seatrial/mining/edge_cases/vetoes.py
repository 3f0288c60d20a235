"""Images that are left out because they show what is labelled, or chosen, already."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seatrial.mining.edge_cases.overlap import Labelled
from seatrial.mining.edge_cases.pool import Pool
from seatrial.mining.edge_cases.twins import Looks
from seatrial.neighbours import Embeddings, NeighbourIndex

__all__ = ["Vetoes"]

#: Labelled images that a candidate is held against.
_NEIGHBOURS = 3


@dataclass(frozen=True)
class _Reference:
    labelled: Labelled
    index: NeighbourIndex
    ids: tuple[str, ...]
    uris: list[str | None]


@dataclass(frozen=True)
class Vetoes:
    """Looks at candidates, one after the other.

    Two images are taken for one where the model sees nearly the same (their vectors are near) and they look
    the same (grids of 24 × 24 grey means correlate by .98 or more): a classifier alone sees the same in every
    easy image of a class.
    """

    pool: Pool
    references: tuple[_Reference, ...]
    uris: list[str | None]
    first: NDArray[np.int64]
    looks: Looks = field(default_factory=Looks)

    @classmethod
    def of(cls, pool: Pool, labelled: Sequence[tuple[Labelled, Embeddings]]) -> "Vetoes":
        """Prepare for a pool and what is labelled."""
        references = tuple(
            _Reference(one, NeighbourIndex.build(vectors.vectors), vectors.ids, vectors.column("uri"))
            for one, vectors in labelled
            if len(vectors)
        )
        _, first = np.unique(pool.image, return_index=True)
        return cls(pool, references, pool.column("uri"), first)

    def reason(self, place: int, chosen: NDArray[np.int64], near: float) -> str:
        """Say why an image is left out; empty where it is not.

        Args:
            place: Of the image in the pool.
            chosen: Of those that are chosen.
            near: Cosine distance up to which two images can be the same.
        """
        vector = self.pool.embeddings.vectors[self.first[place]][None]
        uri = self.uris[place]
        for one in self.references:
            distances, rows = one.index.search(vector, _NEIGHBOURS)
            for distance, row in zip(distances[0].tolist(), rows[0].tolist(), strict=True):
                if distance <= near and self._same(uri, one.uris[row], distance):
                    return f"labelled already: looks like {one.ids[row]!r} of {one.labelled.name}"
        if len(chosen):
            among = NeighbourIndex.build(self.pool.embeddings.vectors[self.first[chosen]])
            distances, rows = among.search(vector, _NEIGHBOURS)
            for distance, row in zip(distances[0].tolist(), rows[0].tolist(), strict=True):
                twin = int(chosen[row])
                if distance <= near and self._same(uri, self.uris[twin], distance):
                    return f"chosen already: looks like {self.pool.ids[twin]!r}"
        return ""

    def _same(self, one: str | None, other: str | None, distance: float) -> bool:
        seen = self.looks.same(one, other)
        return distance == 0 if seen is None else seen  # of equal vectors it is exactly that

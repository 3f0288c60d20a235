"""Images that show the same: by their bytes, or by what they look like."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seatrial.images import UnreadableImageError, read_bytes
from seatrial.images.measurement import measure_bytes

__all__ = ["Looks", "same_look"]

#: Correlation of two grids of grey means from which on images look the same.
_SAME = 0.98

#: Deviation of grey values below which an image is flat, and how far apart the greys of two flat ones are.
_FLAT, _GREYS = 2.0, 4.0


def same_look(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Tell whether two grids of grey means show the same, but for brightness and contrast.

    Args:
        one: ``look`` of an image, see :mod:`seatrial.images.measurement`.
        other: Likewise.
    """
    first, second = one.astype(np.float64), other.astype(np.float64)
    spreads = first.std(), second.std()
    if min(spreads) < _FLAT:
        return bool(max(spreads) < _FLAT and abs(first.mean() - second.mean()) <= _GREYS)
    product = ((first - first.mean()) * (second - second.mean())).mean()
    return bool(product / (spreads[0] * spreads[1]) >= _SAME)


@dataclass
class Looks:
    """Grids of grey means of images, each image read at most once."""

    _known: dict[str, NDArray[np.uint8] | None] = field(default_factory=dict)

    def same(self, one: str | None, other: str | None) -> bool | None:
        """Compare two images by their URIs; None where one of them cannot be read."""
        first, second = self._look(one), self._look(other)
        if first is None or second is None:
            return None
        return same_look(first, second)

    def _look(self, uri: str | None) -> NDArray[np.uint8] | None:
        if uri is None:
            return None
        if uri not in self._known:
            self._known[uri] = _read(uri)
        return self._known[uri]


def _read(uri: str) -> NDArray[np.uint8] | None:
    try:
        look = measure_bytes(read_bytes(uri)).look
    except UnreadableImageError:
        return None
    return None if look is None else np.frombuffer(look, dtype=np.uint8)

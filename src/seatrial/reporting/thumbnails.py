"""Small pictures as data URIs, within a budget of images and bytes."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seatrial.images import UnreadableImageError, decode_rgb, read_bytes

__all__ = ["Album"]

_SIDE = 192
_QUALITY = 80


class Album:
    """Make thumbnails until the budget is spent; each image is made once.

    Args:
        images: Most images.
        size: Most bytes of all data URIs together.
    """

    def __init__(self, images: int, size: int) -> None:
        self._left = images
        self._room = size
        self._made: dict[str, str] = {}
        self._missing: dict[str, str] = {}

    @property
    def missing(self) -> dict[str, str]:
        """Images that were wanted and could not be read: uri → reason."""
        return dict(self._missing)

    @property
    def size(self) -> int:
        """Bytes of all thumbnails made so far."""
        return sum(map(len, self._made.values()))

    def __len__(self) -> int:
        return len(self._made)

    def picture(self, uri: str | None) -> str | None:
        """Give an image as a JPEG data URI of at most 192 pixels a side.

        Returns:
            None where there is no uri, the image cannot be read, or the budget is spent.
        """
        if uri is None or uri in self._missing:
            return None
        if uri not in self._made:
            if self._left <= 0 or self._room <= 0:
                return None
            try:
                made = _data_uri(decode_rgb(read_bytes(uri)))
            except UnreadableImageError as error:
                self._missing[uri] = str(error)
                return None
            if len(made) > self._room:
                return None
            self._made[uri] = made
            self._left -= 1
            self._room -= len(made)
        return self._made[uri]


def _data_uri(rgb: NDArray[np.uint8]) -> str:
    image = Image.fromarray(rgb)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")

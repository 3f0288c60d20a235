"""Small pictures as data URIs, within a budget of images and bytes."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seatrial.images import UnreadableImageError, decode_rgb, read_bytes
from seatrial.reporting.overlays import Mark, drawn

__all__ = ["Album", "Thumbnail", "thumbnail"]

_SIDE = 192
_QUALITY = 80


class Album:
    """Make thumbnails until the budget is spent; each picture is made once.

    Args:
        images: Most images; pictures of one image with other marks count once.
        size: Most bytes of all data URIs together.
    """

    def __init__(self, images: int, size: int) -> None:
        self._left = images
        self._room = size
        self._made: dict[tuple[str, tuple[Mark, ...]], str] = {}
        self._shown: set[str] = set()
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

    def picture(self, uri: str | None, marks: Sequence[Mark] = ()) -> str | None:
        """Give an image as a JPEG data URI of at most 192 pixels a side.

        Args:
            uri: The image.
            marks: What to draw on it.

        Returns:
            None where there is no uri, the image cannot be read, or the budget is spent.
        """
        if uri is None or uri in self._missing:
            return None
        key = (uri, tuple(marks))
        if key not in self._made:
            known = uri in self._shown
            if (self._left <= 0 and not known) or self._room <= 0:
                return None
            try:
                made = _data_uri(decode_rgb(read_bytes(uri)), marks)
            except UnreadableImageError as error:
                self._missing[uri] = str(error)
                return None
            if len(made) > self._room:
                return None
            self._made[key] = made
            self._left -= not known
            self._shown.add(uri)
            self._room -= len(made)
        return self._made[key]


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture.

    Attributes:
        jpeg: The picture.
        size: Width and height of the image that it was made of, in pixels.
    """

    jpeg: bytes
    size: tuple[int, int]


def thumbnail(
    uri: str, marks: Sequence[Mark] = (), *, side: int = _SIDE, quality: int = _QUALITY
) -> Thumbnail | None:
    """Make a JPEG of an image of at most ``side`` pixels a side; None where it cannot be read.

    Args:
        uri: The image.
        marks: What to draw on it; a picture smaller than ``side`` is then enlarged.
        side: Pixels.
        quality: JPEG's, in [1, 95].
    """
    try:
        rgb = decode_rgb(read_bytes(uri))
    except UnreadableImageError:
        return None
    return Thumbnail(_jpeg(rgb, marks, side, quality), (rgb.shape[1], rgb.shape[0]))


def _jpeg(rgb: NDArray[np.uint8], marks: Sequence[Mark], side: int, quality: int) -> bytes:
    image = Image.fromarray(rgb)
    size = image.size
    if marks and max(size) < side:  # lines on a tiny picture would hide it
        scale = side / max(size)
        image = image.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling.BICUBIC)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image = drawn(image, size, marks)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality, optimize=True)
    return stream.getvalue()


def _data_uri(rgb: NDArray[np.uint8], marks: Sequence[Mark]) -> str:
    jpeg = _jpeg(rgb, marks, _SIDE, _QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")

"""Objects cut out of their images, as images of their own."""

from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.images import UnreadableImageError, decode_rgb, image_properties, read_bytes
from seatrial.inference.chunk import ImageRow
from seatrial.inference.decoding import NO_PIXELS, DecodedImage, ReadTruth
from seatrial.inference.options import Preprocess
from seatrial.inference.preprocess import fit
from seatrial.inference.stages import Stages

__all__ = ["Box", "CropDecoder", "CropRow", "cut", "with_margin"]

#: x, y, width and height in pixels.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class CropRow(ImageRow):
    """An object of an image.

    Attributes:
        box: Where it is.
    """

    box: Box = (0.0, 0.0, 0.0, 0.0)


class CropDecoder:
    """Decodes objects; an image that holds several of them in a row is read once.

    Args:
        keep: Images that are held for further objects: at least as many as there are threads.
    """

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._images: OrderedDict[str, Future[NDArray[np.uint8]]] = OrderedDict()
        self._lock = Lock()

    def __call__(
        self,
        row: ImageRow,
        preprocess: Preprocess,
        read_truth: ReadTruth | None,  # noqa: ARG002 - an object has no truth of its own
        stages: Stages,
    ) -> DecodedImage:
        """Read, cut out, measure and fit one object; what is wrong with it is recorded, never raised."""
        assert isinstance(row, CropRow)
        if row.uri is None:
            return DecodedImage(NO_PIXELS, failure="the data set names no image file")
        try:
            pixels = cut(self._image(row.uri, stages), row.box)
        except UnreadableImageError as error:
            return DecodedImage(NO_PIXELS, failure=str(error))
        with stages.of("decode"):
            return DecodedImage(fit(pixels, preprocess), image_properties(pixels))

    def _image(self, uri: str, stages: Stages) -> NDArray[np.uint8]:
        with self._lock:
            held = self._images.get(uri)
            if held is None:
                mine: Future[NDArray[np.uint8]] = Future()
                self._images[uri] = mine
                while len(self._images) > self._keep:
                    self._images.popitem(last=False)
        if held is not None:
            return held.result()
        try:
            with stages.of("read"):
                data = read_bytes(uri)
            with stages.of("decode"):
                mine.set_result(decode_rgb(data))
        except UnreadableImageError as error:
            mine.set_exception(error)
        return mine.result()


def cut(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Cut a box out of an image; whole pixels that it touches, what lies outside of the image left out.

    Raises:
        UnreadableImageError: It touches no pixel of the image.
    """
    height, width = rgb.shape[:2]
    x, y, wide, high = box
    left, top = max(int(np.floor(x)), 0), max(int(np.floor(y)), 0)
    right, bottom = min(int(np.ceil(x + wide)), width), min(int(np.ceil(y + high)), height)
    if right <= left or bottom <= top:
        raise UnreadableImageError(
            f"box {x:g}, {y:g}, {wide:g} × {high:g} holds no pixel of the image of {width}×{height}"
        )
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def with_margin(box: Any, margin: float) -> Box:
    """Widen a box on each side by a share of its longer side, to show some of what is around."""
    x, y, width, height = (float(one) for one in box)
    added = margin * max(width, height)
    return x - added, y - added, width + 2 * added, height + 2 * added

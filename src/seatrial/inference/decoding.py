"""Read, decode, measure and fit images in threads, ahead of the model and in order.

Threads, not processes: Pillow and NumPy let go of the interpreter for nearly all of this work. Measured on
two cores, two threads decode 1.9 times what one does, and two processes no more; threads need no copies, no
second import and no ``__main__`` guard in the caller's script.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seatrial.digests import digest_bytes
from seatrial.images import UnreadableImageError, decode_image, image_properties, pixels_of, read_bytes
from seatrial.inference.chunk import ImageRow
from seatrial.inference.options import Preprocess
from seatrial.inference.preprocess import fit_image
from seatrial.inference.stages import Stages

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "NO_PIXELS",
    "DecodedImage",
    "Decoder",
    "Opened",
    "ReadTruth",
    "decode",
    "decode_ahead",
    "decode_by",
]

#: Stands for the pixels of an image that could not be read.
NO_PIXELS = np.empty((0, 0, 3), dtype=np.uint8)


#: Turns the bytes of a truth, an image of class codes, into the codes.
ReadTruth = Callable[[bytes], NDArray[np.integer[Any]]]


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """One image ready for the model, or the reason why there is none.

    Attributes:
        pixels: Shape (height, width, 3), uint8; empty where the image could not be read.
        properties: :func:`~seatrial.images.image_properties` of the image before it was resized.
        failure: Why the image, or its truth, could not be read; null where both could.
        truth: Class codes of its pixels, of the size before it was resized; None where there are none.
        on_device: The pixels, where they are on the model's device already; then ``pixels`` is empty.
    """

    pixels: NDArray[np.uint8]
    properties: dict[str, float] = field(default_factory=dict)
    failure: str | None = None
    truth: NDArray[np.integer[Any]] | None = None
    on_device: "Tensor | None" = None

    @property
    def for_model(self) -> "NDArray[np.uint8] | Tensor":
        """The pixels, wherever they are."""
        return self.pixels if self.on_device is None else self.on_device

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels before the image was resized."""
        return int(self.properties["width"]), int(self.properties["height"])

    def without_pixels(self) -> "DecodedImage":
        """The same without the pixels, which the model has got."""
        return replace(self, pixels=NO_PIXELS, on_device=None)

    def without_arrays(self) -> "DecodedImage":
        """The same without pixels and truth, which are what takes memory."""
        return replace(self, pixels=NO_PIXELS, truth=None, on_device=None)


#: Width and height of an image that was decoded, and what measures and fits it.
Opened = tuple[tuple[int, int], Callable[[], DecodedImage]]


def decode(
    row: ImageRow,
    preprocess: Preprocess,
    read_truth: ReadTruth | None = None,
    stages: Stages | None = None,
) -> DecodedImage:
    """Read, decode, measure and fit one image; what is wrong with it is recorded, never raised."""

    def opened(data: bytes) -> Opened:
        image, _ = decode_image(data)
        return image.size, lambda: DecodedImage(
            fit_image(image, preprocess), image_properties(pixels_of(image))
        )

    return decode_by(opened, row, read_truth, stages or Stages())


def decode_by(
    opened: Callable[[bytes], Opened], row: ImageRow, read_truth: ReadTruth | None, stages: Stages
) -> DecodedImage:
    """Read an image and its truth, whoever decodes it; what is wrong with them is recorded, never raised.

    Args:
        opened: Decodes the bytes of the image.
        row: The image.
        read_truth: Decodes truths that are images; None leaves them unread.
        stages: Times it.
    """
    if row.uri is None:
        return DecodedImage(NO_PIXELS, failure="the data set names no image file")
    try:
        with stages.of("read"):
            data = _unchanged(row.uri, row.content)
        with stages.of("decode"):
            size, fitted = opened(data)
    except UnreadableImageError as error:
        return DecodedImage(NO_PIXELS, failure=str(error))
    try:
        truth = _truth(row, size, read_truth, stages)
    except UnreadableImageError as error:
        return DecodedImage(NO_PIXELS, failure=f"mask {row.mask}: {error}")
    with stages.of("decode"):
        return replace(fitted(), truth=truth)


def _truth(
    row: ImageRow, size: tuple[int, int], read_truth: ReadTruth | None, stages: Stages
) -> NDArray[np.integer[Any]] | None:
    """Read the truth of an image of ``size`` (width, height); None where it is no image, or is not wanted.

    Raises:
        UnreadableImageError: It cannot be read, or is of another size.
    """
    if row.mask is None or read_truth is None:
        return None
    with stages.of("read"):
        data = _unchanged(row.mask, row.mask_content)
    with stages.of("decode"):
        truth = read_truth(data)
    height, width = truth.shape
    if (width, height) != size:
        wanted = f"{size[0]}×{size[1]}"
        raise UnreadableImageError(f"expected {wanted} pixels as its image, got {width}×{height}")
    return truth


def _unchanged(uri: str, content: str | None) -> bytes:
    """Read a file that is to have certain bytes.

    Args:
        uri: The file.
        content: Their digest; None takes any.

    Raises:
        UnreadableImageError: It cannot be read, or has other bytes.
    """
    data = read_bytes(uri)
    if content is not None and digest_bytes(data) != content:
        raise UnreadableImageError("its bytes have changed since the data set was read")
    return data


#: Makes of a row what the model gets: :func:`decode`, or something that is called like it.
Decoder = Callable[[ImageRow, Preprocess, ReadTruth | None, Stages], DecodedImage]


def decode_ahead(
    rows: Iterable[ImageRow],
    preprocess: Preprocess,
    *,
    workers: int,
    ahead: int,
    read_truth: ReadTruth | None = None,
    decoder: Decoder = decode,
    stages: Stages | None = None,
) -> Generator[DecodedImage]:
    """Decode images in ``workers`` threads and yield them in the order of ``rows``.

    Args:
        rows: Where the images are.
        preprocess: How they are fitted.
        workers: Threads, at least 1.
        ahead: How many images are decoded or being decoded beyond the one last yielded: bounds memory.
        read_truth: Decodes truths that are images; None leaves them unread.
        decoder: Decodes a row.
        stages: Times it, and may let it rest.
    """
    stages = stages or Stages()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="seatrial-decode")
    waiting: deque[Future[DecodedImage]] = deque()
    try:
        for row in rows:
            waiting.append(pool.submit(decoder, row, preprocess, read_truth, stages))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)

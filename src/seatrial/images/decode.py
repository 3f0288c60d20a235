"""Read and decode one image from a local path or any fsspec URI."""

import io
import warnings
from pathlib import Path

import fsspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = ["UnreadableImageError", "decode_rgb", "read_bytes"]

#: An image larger than this is refused: 8 bytes of a PNG header can ask for terabytes.
MAX_PIXELS = 1 << 28


class UnreadableImageError(Exception):
    """An image's bytes cannot be read or decoded; the message is the reason, without the path.

    Not a :class:`~seatrial.errors.SeatrialError`: one broken image is counted and reported, not fatal.
    """


def read_bytes(uri: str) -> bytes:
    """Read a file's bytes.

    Args:
        uri: Local path or fsspec URI (``s3://…``, ``gs://…``, ``memory://…``).

    Raises:
        UnreadableImageError: The file is absent or cannot be read.
    """
    try:
        if "://" not in uri:
            return Path(uri).read_bytes()
        with fsspec.open(uri, "rb") as stream:
            return bytes(stream.read())
    except FileNotFoundError as error:
        raise UnreadableImageError("no such file") from error
    except OSError as error:
        raise UnreadableImageError(f"cannot be read: {error.strerror or error}") from error


def decode_rgb(data: bytes) -> NDArray[np.uint8]:
    """Decode an image to RGB, upright as its EXIF orientation says.

    Args:
        data: Encoded bytes of any format that Pillow reads.

    Returns:
        Shape (height, width, 3), uint8.

    Raises:
        UnreadableImageError: Not an image, truncated, or larger than 2²⁸ pixels.
    """
    if not data:
        raise UnreadableImageError("empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; the pixels decide
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UnreadableImageError(f"{image.width}×{image.height} pixels, at most 2²⁸ are read")
                upright = ImageOps.exif_transpose(image)
                return np.asarray(_to_rgb(upright), dtype=np.uint8)
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableImageError(f"truncated or damaged: {error}") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow clips 16-bit values to 255; scale them so that a 16-bit picture keeps its contrast
        values = np.asarray(image, dtype=np.float64) / 257.0
        return Image.fromarray(values.clip(0, 255).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")

"""Read and decode one image from a local path or any fsspec URI."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

__all__ = [
    "Encoding",
    "UnreadableImageError",
    "decode_codes",
    "decode_image",
    "decode_rgb",
    "pixels_of",
    "read_bytes",
    "upright_size",
]

#: An image larger than this is refused: 8 bytes of a PNG header can ask for terabytes. Pillow's own limit.
MAX_PIXELS = 178_956_970

# Pillow's modes of one channel whose values are kept as they are
_CODE_MODES = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L"})

# EXIF's tag of the orientation, its values, and those that swap width and height
_ORIENTATION, _ORIENTATIONS, _TURNED = 0x0112, range(1, 9), frozenset({5, 6, 7, 8})

# what a PNG holds that says an orientation: a chunk of its own, an older one, XMP
_PNG_EXIF = (b"eXIf", b"Raw profile type exif", b"tiff:Orientation")


# formats of several frames, and those of them in which counting goes through the file and loses the loaded
# frame; a phone's MPO is left out: it holds one picture and its depth
_MOVING, _SEEKING = frozenset({"AVIF", "GIF", "PNG", "TIFF", "WEBP"}), frozenset({"GIF", "TIFF"})


@dataclass(frozen=True, slots=True)
class Encoding:
    """How an image is stored, which its pixels do not tell.

    Attributes:
        format: Pillow's name of the format that the bytes are in, e.g. ``"JPEG"``; empty where there is none.
        mode: Pillow's mode of the pixels, e.g. ``"RGB"``, ``"CMYK"``, ``"I;16"``, ``"P"``.
        frames: Frames or pages; only the first one is looked at.
        orientation: EXIF's, from 1 (upright) to 8; other values count as 1.
    """

    format: str
    mode: str
    frames: int = 1
    orientation: int = 1


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
    except Exception as error:
        # each remote file system fails in its own way (no credentials, unknown protocol, missing package)
        raise UnreadableImageError(f"cannot be read: {error or type(error).__name__}") from error


def decode_rgb(data: bytes) -> NDArray[np.uint8]:
    """Decode an image to RGB, upright as its EXIF orientation says.

    Args:
        data: Encoded bytes of any format that Pillow reads.

    Returns:
        Shape (height, width, 3), uint8.

    Raises:
        UnreadableImageError: Not an image, truncated, or larger than 179 megapixels.
    """
    return np.asarray(decode_image(data)[0], dtype=np.uint8)


def decode_image(data: bytes) -> tuple[Image.Image, Encoding]:
    """Decode an image to RGB, upright as its EXIF orientation says, and tell how it is stored.

    Args:
        data: Encoded bytes of any format that Pillow reads.

    Returns:
        An image of mode RGB with its pixels in memory (see :func:`pixels_of`), and its encoding.

    Raises:
        UnreadableImageError: Not an image, truncated, or larger than 179 megapixels.
    """
    with _opened(data) as image:
        stored = (image.format or "", image.mode)
        image.load()
        orientation = image.getexif().get(_ORIENTATION, 1)
        if orientation not in _ORIENTATIONS:
            orientation = 1
        # turning and converting copy every pixel: most images need neither
        upright = image if orientation == 1 else ImageOps.exif_transpose(image)
        rgb = upright if upright.mode == "RGB" else _to_rgb(upright)
        if rgb is image and image.format in _SEEKING:
            rgb = image.copy()
        return rgb, Encoding(*stored, _frames(image), orientation)


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    """Give the pixels of an RGB image, where possible as they lie in its memory.

    Returns:
        Shape (height, width, 4), read-only, with a fourth byte that means nothing; or (height, width, 3)
        where Pillow holds the image in several pieces.
    """
    try:
        words = pa.array(image)
    except (TypeError, ValueError, pa.ArrowException):  # an older Pillow; an image of more than 16 MB
        return np.asarray(image, dtype=np.uint8)
    flat: NDArray[np.uint8] = words.flatten().to_numpy(zero_copy_only=True)
    return flat.reshape(image.height, image.width, 4)


def decode_codes(data: bytes) -> NDArray[np.uint32]:
    """Decode an image whose pixels are codes: indices of a palette, or grey values of 8, 16 or 32 bits.

    Args:
        data: Encoded bytes of any lossless format that Pillow reads.

    Returns:
        Shape (height, width), uint32: a palette's indices, not its colours.

    Raises:
        UnreadableImageError: Not an image, truncated, too large, compressed with loss, or of colours.
    """
    with _opened(data) as image:
        if image.format == "JPEG":
            raise UnreadableImageError("expected codes in a lossless format such as PNG, got JPEG")
        if image.mode not in _CODE_MODES:
            raise UnreadableImageError(
                f"expected codes (one channel or a palette), got colours of mode {image.mode}"
            )
        return np.asarray(image).astype(np.uint32)


def upright_size(data: bytes) -> tuple[int, int]:
    """Read width and height of an image as :func:`decode_rgb` would give it, without decoding its pixels.

    Raises:
        UnreadableImageError: Not an image, or larger than 179 megapixels.
    """
    with _opened(data) as image:
        # looking for EXIF in a PNG decodes all of it
        may_turn = image.format != "PNG" or any(mark in data for mark in _PNG_EXIF)
        turned = may_turn and image.getexif().get(_ORIENTATION, 1) in _TURNED
        return (image.height, image.width) if turned else (image.width, image.height)


def _frames(image: Image.Image) -> int:
    if image.format not in _MOVING:
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001 - a later frame is damaged, in any of a decoder's ways; the first is not
        return 1


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    if not data:
        raise UnreadableImageError("empty file")
    try:
        with _silent_pillow(), Image.open(io.BytesIO(data)) as image:
            _refuse_too_large(image)
            yield image
    except UnreadableImageError:
        raise
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image") from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(_too_large(str(error))) from error
    except Exception as error:
        # Pillow's many decoders fail on damaged bytes with whatever they trip over: OSError, SyntaxError,
        # ValueError, struct.error, EOFError, IndexError, KeyError, TypeError, zlib.error, MemoryError …
        raise UnreadableImageError(f"truncated or damaged: {error or type(error).__name__}") from error


def _refuse_too_large(image: Image.Image) -> None:
    # Pillow refuses it, too, unless the program that uses Seatrial has lifted Pillow's limit
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImageError(_too_large(f"{image.width}×{image.height} pixels"))


def _too_large(found: str) -> str:
    return f"too large: {found}, at most {MAX_PIXELS} pixels are read"


_silence = threading.Lock()
_silenced: "list[warnings.catch_warnings[None]]" = []
_decoding = 0


@contextmanager
def _silent_pillow() -> Iterator[None]:
    """Silence Pillow's warnings of odd metadata (the pixels decide), also when threads decode at once.

    Filters are global to the process: the first decoder in changes them, the last one out restores them.
    """
    global _decoding  # noqa: PLW0603 - the filters that it counts users of are global too
    with _silence:
        if _decoding == 0:
            filters = warnings.catch_warnings()
            filters.__enter__()
            warnings.simplefilter("ignore")
            _silenced.append(filters)
        _decoding += 1
    try:
        yield
    finally:
        with _silence:
            _decoding -= 1
            if _decoding == 0:
                _silenced.pop().__exit__(None, None, None)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow clips 16-bit values to 255; scale them so that a 16-bit picture keeps its contrast
        values = np.asarray(image, dtype=np.float64) / 257.0
        return Image.fromarray(values.clip(0, 255).astype(np.uint8)).convert("RGB")
    return image.convert("RGB")

"""Image files, read once: sizes, and digests of their bytes, by which a data set is known by its content."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from seatrial.errors import InputError
from seatrial.images import CONTENT, current_store, read_images
from seatrial.progress import progress

__all__ = ["ImageFile", "content_digests", "contents_of", "image_files", "read_all"]

_READERS = 16

_Item = TypeVar("_Item")
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class ImageFile:
    """What one reading of a file tells.

    Attributes:
        content: Digest of its bytes; None where it cannot be read.
        size: Width and height in pixels, upright as EXIF says; None where it is no image.
    """

    content: str | None
    size: tuple[int, int] | None


def contents_of(table: pa.Table) -> pa.Array:
    """Give the digests in a manifest's column ``content`` as the bytes that an image store knows them by."""
    digests = (
        one and bytes.fromhex(one.removeprefix("sha256:")) for one in table.column("content").to_pylist()
    )
    return pa.array([one if one and len(one) == CONTENT.byte_width else None for one in digests], CONTENT)


def content_digests(uris: Sequence[str]) -> list[str | None]:
    """Digest every image's bytes, unless the store in use knows them.

    Args:
        uris: Local paths or fsspec URIs.

    Returns:
        One ``sha256:…`` an image; None where it cannot be read (the data checks report it).

    Raises:
        InputError: Not one of the images can be read.
    """
    return [one.content for one in image_files(uris)]


def image_files(uris: Sequence[str]) -> list[ImageFile]:
    """Digest every image's bytes and read its size, unless the store in use knows them.

    Args:
        uris: Local paths or fsspec URIs.

    Raises:
        InputError: Not one of the images can be read.
    """
    found = read_images(uris, current_store())
    contents, widths, heights = (found.column(name).to_pylist() for name in ("content", "width", "height"))
    if uris and not any(contents):
        raise InputError(
            f"none of {len(uris)} images can be read; the first is {uris[0]}: {found.column('reason')[0]}"
        )
    return [
        ImageFile(content and f"sha256:{content.hex()}", None if width is None else (width, height))
        for content, width, height in zip(contents, widths, heights, strict=True)
    ]


def read_all(
    items: Sequence[_Item], read: Callable[[_Item], _Read], what: str = "read images"
) -> list[_Read]:
    """Read files in threads and show how far it is.

    Args:
        items: What to read: local paths or fsspec URIs, or whatever ``read`` takes.
        read: Reads one of them.
        what: What the progress bar says.
    """
    results: list[_Read] = []
    if items:
        with ThreadPoolExecutor(_READERS) as pool, progress(what, len(items), "images") as advance:
            for result in pool.map(read, items):
                results.append(result)
                advance(1)
    return results

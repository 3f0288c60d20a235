"""Digests of image bytes: what makes a data set's digest a digest of its content."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from seatrial.digests import digest_bytes
from seatrial.errors import InputError
from seatrial.images import UnreadableImageError, read_bytes
from seatrial.progress import progress

__all__ = ["content_digests"]

_READERS = 16


def content_digests(uris: Sequence[str]) -> list[str | None]:
    """Digest every image's bytes.

    Args:
        uris: Local paths or fsspec URIs.

    Returns:
        One ``sha256:…`` an image; None where it cannot be read (the data checks report it).

    Raises:
        InputError: Not one of the images can be read.
    """
    if not uris:
        return []
    digests: list[str | None] = []
    with ThreadPoolExecutor(_READERS) as pool, progress("read images", len(uris), "images") as advance:
        for digest in pool.map(_digest, uris):
            digests.append(digest)
            advance(1)
    if not any(digests):
        raise InputError(f"none of {len(uris)} images can be read; the first is {uris[0]}")
    return digests


def _digest(uri: str) -> str | None:
    try:
        return digest_bytes(read_bytes(uri))
    except UnreadableImageError:
        return None

"""Masks as COCO's run-length encodings: made from what annotation files hold, and checked.

A mask is stored as the bytes of COCO's compressed encoding. pycocotools trusts its input: an encoding of too
few runs decodes to memory that was never written, so every encoding from a file is checked here.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

__all__ = [
    "BadMaskError",
    "decode_mask",
    "encode_mask",
    "from_polygons",
    "from_rle",
    "mask_areas",
    "mask_box",
    "run_lengths",
]

# six bits a character, shifted to printable ones: five of payload, one that says that more follow
_OFFSET, _BITS, _PAYLOAD, _MORE, _SIGN = 48, 5, 0x1F, 0x20, 0x10
_FIRST_DELTA = 3


class BadMaskError(Exception):
    """A mask cannot be used; the message says what was expected and what is there, not where."""


def encode_mask(mask: NDArray[np.bool_]) -> bytes:
    """Encode a mask of shape (h, w)."""
    return bytes(coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"])


def decode_mask(encoded: bytes, height: int, width: int) -> NDArray[np.bool_]:
    """Decode a mask of a whole image, shape (height, width).

    Raises:
        BadMaskError: It is no encoding, or one of another number of pixels.
    """
    lengths = run_lengths(encoded)
    if (lengths < 0).any() or lengths.sum() != height * width:
        raise BadMaskError(f"expected counts that decode to {height * width} pixels, got {lengths.sum()}")
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(width, height).T


def from_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> bytes:
    """Rasterise and unite polygons as COCO does.

    Args:
        polygons: Each as x, y, x, y …, of at least three points.
        height: The image's.
        width: The image's.
    """
    parts = coco_mask.frPyObjects([list(map(float, one)) for one in polygons], height, width)
    return bytes(coco_mask.merge(parts)["counts"])


def from_rle(segmentation: Any, height: int, width: int) -> bytes:
    """Take over a run-length encoding from a file, compressed or as a list of counts.

    Args:
        segmentation: ``{"size": [h, w], "counts": …}``.
        height: The image's.
        width: The image's.

    Raises:
        BadMaskError: It is of another size than the image, or does not decode to as many pixels.
    """
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if not isinstance(size, list | tuple) or list(size) != [height, width]:
        raise BadMaskError(f"expected a mask of the image's size [{height}, {width}], got {size!r}")
    if isinstance(counts, list):
        natural = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in counts)
        if not natural or sum(counts) != height * width:
            got = f"{sum(counts)}" if natural else f"{counts[:5]!r} …"
            raise BadMaskError(f"expected counts that add up to {height * width} pixels, got {got}")
        return bytes(
            coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)["counts"]
        )
    if not isinstance(counts, str | bytes):
        raise BadMaskError(f"expected a mask with counts, got {type(counts).__name__}")
    try:
        encoded = counts.encode("ascii") if isinstance(counts, str) else counts
    except UnicodeEncodeError as error:
        raise BadMaskError("expected counts of printable ASCII characters") from error
    lengths = run_lengths(encoded)
    if (lengths < 0).any() or lengths.sum() != height * width:
        raise BadMaskError(
            f"expected counts that decode to {height * width} pixels, got {int(lengths.sum())}"
        )
    return encoded


def run_lengths(encoded: bytes) -> NDArray[np.int64]:
    """Decode the lengths of runs, of zeros first, from COCO's compressed encoding.

    A length is written as little-endian groups of five bits with a sign, from the fourth on as the difference
    to the length before the last.

    Raises:
        BadMaskError: A character is outside the encoding's, or the last length is cut off.
    """
    codes = np.frombuffer(encoded, dtype=np.uint8).astype(np.int64) - _OFFSET
    if len(codes) == 0 or ((codes < 0) | (codes > _MORE + _PAYLOAD)).any() or codes[-1] & _MORE:
        raise BadMaskError(f"expected COCO's compressed counts, got {encoded[:20]!r}")
    ends = np.flatnonzero(codes & _MORE == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    groups = ends - starts + 1
    if groups.max() > 6:  # noqa: PLR2004 - six groups of five bits hold more than the largest image's pixels
        raise BadMaskError(f"expected COCO's compressed counts, got {encoded[:20]!r}")
    place = np.arange(len(codes)) - np.repeat(starts, groups)
    values = np.add.reduceat((codes & _PAYLOAD) << (_BITS * place), starts)
    values -= np.where(codes[ends] & _SIGN, 1 << (_BITS * groups), 0)
    for chain in (1, 2):
        if len(values) >= _FIRST_DELTA:
            values[chain::2] = np.cumsum(values[chain::2])
    return values


def mask_areas(masks: Sequence[bytes]) -> NDArray[np.float64]:
    """Count the pixels of each mask, shape (k,)."""
    # the area is the sum of every second run; the size does not enter. Not all at once: pycocotools 2.0.11
    # fails on more than 255 masks with NumPy 2
    areas = [coco_mask.area({"size": [1, 1], "counts": one}) for one in masks]
    return np.array(areas, dtype=np.float64)


def mask_box(mask: bytes, height: int, width: int) -> tuple[float, float, float, float]:
    """Give the box around a mask: x, y, width, height; four zeros where the mask is empty."""
    x, y, w, h = map(float, coco_mask.toBbox({"size": [height, width], "counts": mask}))
    return x, y, w, h

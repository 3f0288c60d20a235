"""Masks of single objects: back to the image's size, run-length encoded, and as arrays in storage."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seatrial.datasets.rle import encode_mask
from seatrial.inference.chunk import ImageResult
from seatrial.inference.preprocess import Placement

__all__ = ["encode_masks", "joined", "restored", "separated"]

_HALF = 0.5


def encode_masks(masks: Tensor, placed: Placement) -> tuple[bytes, ...]:
    """Encode masks as COCO's compressed run lengths of the whole image.

    Args:
        masks: Shape (k, height, width) of the model's input, in [0, 1].
        placed: Where the image lies in the input.
    """
    # one at a time: a few hundred masks of a large image do not fit into memory
    return tuple(
        encode_mask((restored(one[None, None].float(), placed)[0, 0] > _HALF).cpu().numpy()) for one in masks
    )


def restored(values: Tensor, placed: Placement) -> Tensor:
    """Take maps from the model's input to the image's own size, bilinearly.

    Args:
        values: Shape (n, channels, h, w), covering the whole input at any resolution.
        placed: Where the image lies in the input.

    Returns:
        Shape (n, channels, height, width) of the image as decoded.
    """
    width, height = placed.original
    frame_width, frame_height = placed.frame
    (resized_width, resized_height), left, top = placed.resized, placed.left, placed.top
    if (left, top, placed.resized) != (0, 0, placed.frame):  # first to the input's resolution, then cut
        if tuple(values.shape[2:]) != (frame_height, frame_width):
            values = _bilinear(values, frame_height, frame_width)
        from_left, from_top = max(left, 0), max(top, 0)
        values = values[..., from_top : top + resized_height, from_left : left + resized_width]
        before = (-min(left, 0), -min(top, 0))
        missing = (
            resized_width - before[0] - values.shape[3],
            resized_height - before[1] - values.shape[2],
        )
        if any(before) or any(missing):  # what was cropped off has no values
            padding = (before[0], missing[0], before[1], missing[1])
            values = torch.nn.functional.pad(values, padding)
    return values if tuple(values.shape[2:]) == (height, width) else _bilinear(values, height, width)


def joined(masks: tuple[bytes, ...] | None, count: int) -> dict[str, NDArray[Any]]:
    """Turn encoded masks into two arrays: all bytes, and how many each has; −1 where there is no mask."""
    if masks is None:
        return {
            "mask_bytes": np.empty(0, dtype=np.uint8),
            "mask_lengths": np.full(count, -1, dtype=np.int64),
        }
    return {
        "mask_bytes": np.frombuffer(b"".join(masks), dtype=np.uint8),
        "mask_lengths": np.array([len(one) for one in masks], dtype=np.int64),
    }


def separated(result: ImageResult) -> tuple[bytes, ...] | None:
    """Undo :func:`joined`."""
    lengths = result["mask_lengths"]
    if (lengths < 0).any():
        return None
    ends = np.cumsum(lengths)
    data = result["mask_bytes"].tobytes()
    return tuple(
        data[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    )


def _bilinear(values: Tensor, height: int, width: int) -> Tensor:
    return torch.nn.functional.interpolate(values, size=(height, width), mode="bilinear", align_corners=False)

"""Masks of suggestions as pixels."""

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

__all__ = ["decode_mask"]


def decode_mask(mask: bytes, height: int, width: int) -> NDArray[np.bool_]:
    """Decode COCO's compressed run-length encoding.

    Args:
        mask: The encoding.
        height: Of the image, pixels.
        width: Of the image, pixels.

    Returns:
        Shape (height, width).
    """
    return np.asarray(coco_mask.decode({"size": [height, width], "counts": mask}), dtype=np.bool_)

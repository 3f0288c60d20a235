"""Resize and crop one decoded image, exactly as torchvision's evaluation presets do on Pillow images."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seatrial.inference.options import Preprocess

__all__ = ["fit"]

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Size = int | tuple[int, int]


def fit(rgb: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.uint8]:
    """Resize (antialiased) and centre-crop an image; scaling to [0, 1] and normalising come on the device.

    Args:
        rgb: Shape (height, width, 3), uint8.
        preprocess: The sizes and the interpolation.

    Returns:
        Shape (height, width, 3), uint8, contiguous; the same values as torchvision's
        ``Resize(size, antialias=True)`` and ``CenterCrop(size)`` give for a Pillow image.
    """
    image = Image.fromarray(rgb)
    if preprocess.resize is not None:
        size = _resized(image.size, preprocess.resize)
        if size != image.size:
            image = image.resize(size, _FILTERS[preprocess.interpolation])
    if preprocess.crop is not None:
        image = _centre_crop(image, preprocess.crop)
    return np.ascontiguousarray(image, dtype=np.uint8)


def _resized(size: tuple[int, int], wanted: Size) -> tuple[int, int]:
    """Width and height after resizing; an integer is the shorter side, the longer is rounded down."""
    if isinstance(wanted, tuple):
        height, width = wanted
        return width, height
    width, height = size
    if width <= height:
        return wanted, int(wanted * height / width)
    return int(wanted * width / height), wanted


def _centre_crop(image: Image.Image, wanted: Size) -> Image.Image:
    """Cut out the centre; what lies beyond a smaller image is black."""
    crop_height, crop_width = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    left = _offset(image.width, crop_width)
    top = _offset(image.height, crop_height)
    return image.crop((left, top, left + crop_width, top + crop_height))


def _offset(side: int, crop: int) -> int:
    # torchvision pads a smaller image by half, rounded down, and cuts a larger one at half, rounded to even
    return -((crop - side) // 2) if crop > side else round((side - crop) / 2)

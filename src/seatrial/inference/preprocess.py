"""Resize and crop, or letterbox, one decoded image, and know where each of its pixels went.

Resizing and cropping equal torchvision's evaluation presets on Pillow images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seatrial.inference.options import Letterbox, Preprocess

__all__ = ["Placement", "fit", "fit_image", "place"]

_FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

Size = int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an image lies in the model's input; sizes are (width, height) in pixels.

    Attributes:
        original: The image's size as decoded.
        resized: Its size in the model's input.
        left: How far its left edge lies to the right of the input's; negative where it is cut off.
        top: How far its upper edge lies below the input's; negative where it is cut off.
        frame: The input's size.
    """

    original: tuple[int, int]
    resized: tuple[int, int]
    left: int
    top: int
    frame: tuple[int, int]

    def undo(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take boxes x1, y1, x2, y2 from pixels of the model's input to pixels of the image, shape (n, 4)."""
        scale = [whole / small for whole, small in zip(self.original, self.resized, strict=True)]
        return np.asarray((boxes - [self.left, self.top] * 2) * (scale * 2))


def place(size: tuple[int, int], preprocess: Preprocess) -> Placement:
    """Tell where an image of ``size`` (width, height) comes to lie in the model's input."""
    if preprocess.letterbox is not None:
        return _letterboxed(size, preprocess.letterbox)
    resized = size if preprocess.resize is None else _resized(size, preprocess.resize)
    if preprocess.crop is None:
        return Placement(size, resized, 0, 0, resized)
    height, width = _pair(preprocess.crop)
    return Placement(
        size, resized, -_offset(resized[0], width), -_offset(resized[1], height), (width, height)
    )


def fit(rgb: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.uint8]:
    """Resize (antialiased) and crop or letterbox an image; scaling to [0, 1] and normalising come later.

    Args:
        rgb: Shape (height, width, 3), uint8.
        preprocess: The sizes and the interpolation.

    Returns:
        Shape (height, width, 3), uint8, contiguous; without a letterbox the same values as torchvision's
        ``Resize(size, antialias=True)`` and ``CenterCrop(size)`` give for a Pillow image. What lies beyond
        the image is black, or the letterbox's grey.
    """
    return fit_image(Image.fromarray(rgb), preprocess)


def fit_image(image: Image.Image, preprocess: Preprocess) -> NDArray[np.uint8]:
    """Do as :func:`fit` with an image of mode RGB."""
    placed = place(image.size, preprocess)
    if placed.resized != image.size:
        image = image.resize(placed.resized, _FILTERS[preprocess.interpolation])
    if (placed.left, placed.top, placed.frame) != (0, 0, image.size):
        image = _framed(image, placed, 0 if preprocess.letterbox is None else preprocess.letterbox.fill)
    return np.ascontiguousarray(image, dtype=np.uint8)


def _framed(image: Image.Image, placed: Placement, fill: int) -> Image.Image:
    left, top, (width, height) = -placed.left, -placed.top, placed.frame
    if 0 <= left <= image.width - width and 0 <= top <= image.height - height:
        return image.crop((left, top, left + width, top + height))
    framed = Image.new("RGB", placed.frame, (fill, fill, fill))
    framed.paste(image, (placed.left, placed.top))
    return framed


def _letterboxed(size: tuple[int, int], box: Letterbox) -> Placement:
    frame = _pair(box.size)[::-1]
    scale = min(side / have for side, have in zip(frame, size, strict=True))
    scale = scale if box.enlarge else min(scale, 1.0)
    resized = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    if box.stride is not None:
        stride = box.stride
        frame = (-(-resized[0] // stride) * stride, -(-resized[1] // stride) * stride)
    # of an odd number of columns or rows to fill, the one more comes after the image
    return Placement(size, resized, (frame[0] - resized[0]) // 2, (frame[1] - resized[1]) // 2, frame)


def _pair(wanted: Size) -> tuple[int, int]:
    return wanted if isinstance(wanted, tuple) else (wanted, wanted)


def _resized(size: tuple[int, int], wanted: Size) -> tuple[int, int]:
    """Width and height after resizing; an integer is the shorter side, the longer is rounded down."""
    if isinstance(wanted, tuple):
        height, width = wanted
        return width, height
    width, height = size
    if width <= height:
        return wanted, int(wanted * height / width)
    return int(wanted * width / height), wanted


def _offset(side: int, crop: int) -> int:
    # torchvision pads a smaller image by half, rounded down, and cuts a larger one at half, rounded to even
    return -((crop - side) // 2) if crop > side else round((side - crop) / 2)

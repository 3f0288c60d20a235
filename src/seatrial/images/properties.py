"""Numbers that describe an image: the axes of slices and the grounds of data checks."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PROPERTIES", "image_properties"]

#: Names of the properties, in the order in which tables hold them.
PROPERTIES = (
    "width",
    "height",
    "area",
    "aspect",
    "brightness",
    "brightness_p05",
    "brightness_p99",
    "contrast",
    "sharpness",
    "entropy",
    "saturation",
)

_SHARPNESS_SIDE = 256


def image_properties(rgb: NDArray[np.uint8]) -> dict[str, float]:
    """Measure an image.

    Args:
        rgb: Shape (height, width, 3), uint8.

    Returns:
        ``width``, ``height`` in pixels and ``area`` in pixels²; ``aspect`` as min(w/h, h/w) in (0, 1];
        ``brightness``, its 5th and 99th percentile, as perceived brightness √(.241R² + .691G² + .068B²)/255
        in [0, 1] (Finley 2006); ``contrast`` as the standard deviation of that brightness; ``sharpness`` as
        the variance of the Laplacian of the grey image (Pech-Pacheco et al. 2000) with its longer side
        scaled down to 256 pixels, so that resolution does not matter; ``entropy`` of the grey
        histogram in bits, in [0, 8]; ``saturation`` as the mean of HSV's, in [0, 1].
    """
    height, width = rgb.shape[:2]
    squares = rgb.reshape(-1, 3).astype(np.float32) ** 2
    brightness = np.sqrt(squares @ np.array([0.241, 0.691, 0.068], dtype=np.float32)) / 255.0
    low, high = np.percentile(brightness, [5, 99])
    image = Image.fromarray(rgb)
    grey = image.convert("L")
    highest = rgb.max(axis=2).astype(np.float32)
    spread = highest - rgb.min(axis=2)
    values = (
        width,
        height,
        width * height,
        min(width / height, height / width),
        brightness.mean(dtype=np.float64),
        low,
        high,
        brightness.std(dtype=np.float64),
        _sharpness(grey),
        grey.entropy(),
        np.divide(spread, highest, out=np.zeros_like(spread), where=highest > 0).mean(dtype=np.float64),
    )
    return dict(zip(PROPERTIES, map(float, values), strict=True))


def _sharpness(grey: Image.Image) -> float:
    scale = min(1.0, _SHARPNESS_SIDE / max(grey.size))
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    values = np.asarray(
        grey.resize(size, Image.Resampling.BOX) if size != grey.size else grey, dtype=np.float64
    )
    if min(values.shape) < 3:  # noqa: PLR2004 - the Laplacian's kernel is 3 × 3
        return 0.0
    centre = values[1:-1, 1:-1]
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * centre
    return float(laplacian.var())

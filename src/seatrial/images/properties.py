"""Numbers that describe an image: the axes of slices and the grounds of data checks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["PROPERTIES", "MeasuredPixels", "image_properties", "measure_pixels"]

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
    "red_share",
    "green_share",
    "blue_share",
    "greyscale",
    "uniform",
    "noise",
)

#: 241R² + 691G² + 68B² of white, by which brightness is made to lie in [0, 1].
_WHITE = 65_025_000.0

_SHARPNESS_SIDE = 256

#: Channels of a pixel that differ by no more than this are grey: what JPEG's rounding does to grey pixels.
_FAINT = 8

#: Neighbouring grey levels that count as one for ``uniform``.
_LEVELS_AS_ONE = 5

#: The noise kernel turns white noise of deviation σ into responses of deviation 6σ (its weights' norm), whose
#: median magnitude is 0.67449 of that.
_NOISE_GAIN = 6 * 0.674489750196082

_SMALLEST = 3  # the side of a Laplacian


@dataclass(frozen=True, slots=True)
class MeasuredPixels:
    """What the passes over one image's pixels give.

    Attributes:
        properties: The values of :data:`PROPERTIES`, shape (properties,), float64.
        pixel_hash: XXH64 of the pixels and their shape: equal for equal images.
        grey: The grey image with its longer side scaled down to 256 pixels, uint8.
    """

    properties: NDArray[np.float64]
    pixel_hash: int
    grey: NDArray[np.uint8]


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
        histogram in bits, in [0, 8]; ``saturation`` as the mean of HSV's, in [0, 1]; ``red_share``,
        ``green_share`` and ``blue_share`` of the sum of all channels, together 1 (a third each where all is
        black); ``greyscale`` as the share of pixels whose channels differ by at most 8 of 255; ``uniform``
        as the largest share of pixels within five neighbouring grey levels, in (0, 1]; ``noise`` as the
        deviation of white noise in grey levels that would give the median response to Immerkær's kernel
        (1996; the median instead of the mean leaves edges and texture out).
    """
    return dict(zip(PROPERTIES, measure_pixels(rgb).properties.tolist(), strict=True))


def measure_pixels(pixels: NDArray[np.uint8]) -> MeasuredPixels:
    """Measure an image in one pass over its pixels, and one each over its grey and its scaled-down image.

    Sums and histograms are of whole numbers: exact up to the last rounding, whatever the order of adding.

    Args:
        pixels: Shape (height, width, 3 or 4), uint8; a fourth channel is not looked at.
    """
    from seatrial.images.kernels import ENERGY_BINS, tally

    pixels = np.ascontiguousarray(pixels).view()
    pixels.flags.writeable = False  # one type to compile for
    height, width = pixels.shape[:2]
    grey = np.empty((height, width), np.uint8)
    levels, bins, spreads = (
        np.zeros(256, np.uint32),
        np.zeros(ENERGY_BINS, np.uint32),
        np.zeros(256, np.uint64),
    )
    found = tally(pixels, grey, levels, bins, spreads, _FAINT)
    red, green, blue, energy = (int(one) for one in found[:4])
    small = _scaled_down(grey)
    size = height * width
    values = (
        width,
        height,
        size,
        min(width / height, height / width),
        *_brightness(pixels, bins, energy, found[4]),
        _sharpness(small),
        _entropy(levels, size),
        _saturation(spreads, size),
        *_colour_shares(red, green, blue),
        int(found[5]) / size,
        _largest_share(levels, size),
        _noise(grey),
    )
    return MeasuredPixels(np.array(values, dtype=np.float64), int(found[6]), small)


def _brightness(
    pixels: NDArray[np.uint8], bins: NDArray[np.uint32], energy: int, root: float
) -> tuple[float, float, float, float]:
    """Give mean, 5th and 99th percentile (interpolated as NumPy does) and standard deviation."""
    from seatrial.images.kernels import order_statistics

    size = pixels.shape[0] * pixels.shape[1]
    places = [share * (size - 1) for share in (0.05, 0.99)]
    ranks = [rank for place in places for rank in (int(place), min(int(place) + 1, size - 1))]
    extremes = np.array([*ranks, 0, size - 1], dtype=np.int64)
    found = order_statistics(pixels, bins, extremes)
    ordered = np.sqrt(found / _WHITE).tolist()
    low, high = (
        ordered[2 * number] + (ordered[2 * number + 1] - ordered[2 * number]) * (place - int(place))
        for number, place in enumerate(places)
    )
    if found[-1] == found[-2]:  # one brightness: the difference below would be rounding alone
        return ordered[0], low, high, 0.0
    mean = root / np.sqrt(_WHITE) / size
    variance = energy / _WHITE / size - mean * mean
    return min(mean, 1.0), low, high, float(np.sqrt(max(variance, 0.0)))


def _scaled_down(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = grey.shape
    scale = min(1.0, _SHARPNESS_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return grey
    image = Image.frombuffer("L", (width, height), grey, "raw", "L", 0, 1)
    return np.asarray(image.resize(size, Image.Resampling.BOX), dtype=np.uint8)


def _sharpness(grey: NDArray[np.uint8]) -> float:
    from seatrial.images.kernels import laplacian_moments

    height, width = grey.shape
    if min(height, width) < _SMALLEST:
        return 0.0
    total, squares = laplacian_moments(grey)
    inner = (height - 2) * (width - 2)
    return float((int(squares) * inner - int(total) ** 2) / inner**2)


def _entropy(levels: NDArray[np.uint32], size: int) -> float:
    shares = levels[levels > 0] / size
    return float(max(0.0, -(shares * np.log2(shares)).sum()))


def _saturation(spreads: NDArray[np.uint64], size: int) -> float:
    # a black pixel has no spread either
    return float((spreads[1:] / np.arange(1.0, 256.0)).sum()) / size


def _colour_shares(red: int, green: int, blue: int) -> tuple[float, float, float]:
    total = red + green + blue
    if total == 0:
        return 1 / 3, 1 / 3, 1 / 3
    return red / total, green / total, blue / total


def _largest_share(levels: NDArray[np.uint32], size: int) -> float:
    return int(np.convolve(levels.astype(np.int64), np.ones(_LEVELS_AS_ONE, np.int64)).max()) / size


def _noise(grey: NDArray[np.uint8]) -> float:
    from seatrial.images.kernels import RESPONSES, noise_responses

    if min(grey.shape) < _SMALLEST:
        return 0.0
    counts = np.zeros(RESPONSES, np.uint32)
    noise_responses(grey, counts)
    ends = np.cumsum(counts, dtype=np.int64)
    half = ends[-1] / 2
    response = int(np.searchsorted(ends, half))
    if response == 0:
        return 0.0
    # a response of k stands for magnitudes from k − ½ to k + ½
    before = int(ends[response - 1])
    return float(response - 0.5 + (half - before) / int(counts[response])) / _NOISE_GAIN

"""Image properties beside decoding alone."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from benchmarks.row import Row, seconds
from seatrial.images import decode_rgb, image_properties

_IMAGES = 100


def rows() -> Iterator[Row]:
    """Decode 640×480 JPEGs, with and without measuring them, on one core."""
    rng = np.random.default_rng(7)
    jpegs = []
    for _ in range(_IMAGES):
        coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
        stream = io.BytesIO()
        coarse.resize((640, 480), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
        jpegs.append(stream.getvalue())
    both, spread = seconds(lambda: [image_properties(decode_rgb(jpeg)) for jpeg in jpegs])
    decode, _ = seconds(lambda: [decode_rgb(jpeg) for jpeg in jpegs])
    yield Row(
        "image checks, 640×480 JPEG, one core",
        f"{_IMAGES / both:.0f} images/s ({_IMAGES / both - _IMAGES / (both + spread):.0f})",
        f"decoding alone {_IMAGES / decode:.0f} images/s",
        f"{decode / both:.2f} of decoding's rate",
        "formulas checked in `tests/unit/images`",
    )

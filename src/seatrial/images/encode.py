"""Writing what :func:`~seatrial.images.decode_codes` reads."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["encode_codes"]


def encode_codes(codes: NDArray[np.integer[Any]]) -> bytes:
    """Write codes as a grey PNG of 8 bits, or of 16 where a code needs them.

    Args:
        codes: Shape (height, width), from 0 to 65,535.
    """
    narrow = codes.astype(np.uint8 if int(codes.max(initial=0)) < 2**8 else np.uint16)
    stream = io.BytesIO()
    Image.fromarray(narrow).save(stream, "PNG")
    return stream.getvalue()

"""Images: decoding and measurable properties."""

from seatrial.images.decode import (
    UnreadableImageError,
    decode_codes,
    decode_rgb,
    read_bytes,
    upright_size,
)
from seatrial.images.encode import encode_codes
from seatrial.images.properties import PROPERTIES, image_properties

__all__ = [
    "PROPERTIES",
    "UnreadableImageError",
    "decode_codes",
    "decode_rgb",
    "encode_codes",
    "image_properties",
    "read_bytes",
    "upright_size",
]

"""Images: decoding, measurable properties, and the pass that reads each file once."""

from seatrial.images.decode import (
    UnreadableImageError,
    decode_codes,
    decode_image,
    decode_rgb,
    pixels_of,
    read_bytes,
    upright_size,
)
from seatrial.images.encode import encode_codes
from seatrial.images.measurement import LOOK_SIDE, MEASURED, unmeasured
from seatrial.images.properties import PROPERTIES, image_properties
from seatrial.images.reading import read_images
from seatrial.images.store import CONTENT, ImageStore, current_store, using_store

__all__ = [
    "CONTENT",
    "LOOK_SIDE",
    "MEASURED",
    "PROPERTIES",
    "ImageStore",
    "UnreadableImageError",
    "current_store",
    "decode_codes",
    "decode_image",
    "decode_rgb",
    "encode_codes",
    "image_properties",
    "pixels_of",
    "read_bytes",
    "read_images",
    "unmeasured",
    "upright_size",
    "using_store",
]

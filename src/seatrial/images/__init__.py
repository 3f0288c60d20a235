"""Images: decoding and measurable properties."""

from seatrial.images.decode import UnreadableImageError, decode_rgb, read_bytes
from seatrial.images.properties import PROPERTIES, image_properties

__all__ = ["PROPERTIES", "UnreadableImageError", "decode_rgb", "image_properties", "read_bytes"]

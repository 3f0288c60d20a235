"""Check ``odd_aspect``: images that are strips."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image

__all__ = ["odd_aspect"]


def odd_aspect(given: CheckInput) -> Found:
    """Report images whose shorter side is less than ``odd_aspect`` of the longer; the score is 1 − it."""
    data = given.needs_images()
    aspect = data.property("aspect")
    return per_image(
        "odd_aspect",
        data,
        aspect < given.options.odd_aspect,
        1 - aspect,
        {"aspect": aspect, "width": data.property("width"), "height": data.property("height")},
        lambda one: f"odd aspect: {one['width']:.0f}×{one['height']:.0f} pixels",
    )

"""Check ``dark``: images in which there is hardly anything to see for lack of light."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image

__all__ = ["dark"]


def dark(given: CheckInput) -> Found:
    """Report images whose 99th percentile of brightness is below ``dark_p99``; the score is 1 − it."""
    data = given.needs_images()
    high = data.property("brightness_p99")
    return per_image(
        "dark",
        data,
        high < given.options.dark_p99,
        1 - high,
        {"brightness_p99": high, "brightness": data.property("brightness")},
        lambda one: f"dark: 99 % of its pixels are below brightness {one['brightness_p99']:.3f}",
    )

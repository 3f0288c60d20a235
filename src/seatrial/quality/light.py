"""Check ``light``: images that are washed out or blank white."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image

__all__ = ["light"]


def light(given: CheckInput) -> Found:
    """Report images whose 5th percentile of brightness is above ``light_p05``; the score is it."""
    data = given.needs_images()
    low = data.property("brightness_p05")
    return per_image(
        "light",
        data,
        low > given.options.light_p05,
        low,
        {"brightness_p05": low, "brightness": data.property("brightness")},
        lambda one: f"light: 95 % of its pixels are above brightness {one['brightness_p05']:.3f}",
    )

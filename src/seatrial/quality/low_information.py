"""Check ``low_information``: images that are (nearly) blank."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image

__all__ = ["low_information"]


def low_information(given: CheckInput) -> Found:
    """Report images for which a tenth of the grey histogram's entropy is below ``low_information``.

    The score is 1 − a tenth of the entropy.
    """
    data = given.needs_images()
    entropy = data.property("entropy")
    return per_image(
        "low_information",
        data,
        0.1 * entropy < given.options.low_information,
        1 - 0.1 * entropy,
        {"entropy": entropy},
        lambda one: f"low information: its grey values hold {one['entropy']:.2f} of at most 8 bits",
    )

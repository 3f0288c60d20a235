"""Check ``uniform``: images that are of one grey nearly everywhere."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.per_image import per_image

__all__ = ["uniform"]


def uniform(given: CheckInput) -> Found:
    """Report images of which ``uniform`` of the pixels are of one grey; the score is that share."""
    data = given.needs_images()
    share = data.property("uniform")
    return per_image(
        "uniform",
        data,
        share >= given.options.uniform,
        share,
        {"uniform": share, "entropy": data.property("entropy")},
        lambda one: f"uniform: {one['uniform']:.1%} of its pixels are of one grey",
    )

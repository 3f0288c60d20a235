"""Images that are nearly the same: by a perceptual hash, then by aligning what they look like."""

from seatrial.quality.near.alike import AlikePairs, alike_across, alike_within
from seatrial.quality.near.groups import connected

__all__ = ["AlikePairs", "alike_across", "alike_within", "connected"]

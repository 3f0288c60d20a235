"""Images that are nearly the same: by a hash and by aligning what they look like, or by embeddings."""

from seatrial.quality.near.alike import AlikePairs, alike_across, alike_within, are_alike
from seatrial.quality.near.embedded import LEAST_ROWS, ClosePairs, close_across, close_within
from seatrial.quality.near.groups import connected

__all__ = [
    "LEAST_ROWS",
    "AlikePairs",
    "ClosePairs",
    "alike_across",
    "alike_within",
    "are_alike",
    "close_across",
    "close_within",
    "connected",
]

"""From failures to groups, causes and what to label next."""

from seatrial.mining.failures import Failures

__all__ = ["Failures"]

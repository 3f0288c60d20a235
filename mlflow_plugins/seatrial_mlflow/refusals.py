"""Why a model may not be promoted: refused for good, or stale and worth another evaluation."""

from seatrial.errors import SeatrialError

__all__ = ["RefusedError", "StaleError"]


class RefusedError(SeatrialError):
    """The model may not be promoted; the alias was left as it was."""


class StaleError(RefusedError):
    """The champion moved since the verdict: evaluate again against the new one, then promote."""

"""Component ``fetch_verdict``."""

from seatrial_components.fetch_verdict.component import fetch_verdict

__all__ = ["fetch_verdict"]

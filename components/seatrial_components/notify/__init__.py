"""Component ``notify``."""

from seatrial_components.notify.component import notify

__all__ = ["notify"]

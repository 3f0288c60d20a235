"""The step ``embed`` as a component."""

from seatrial_components.embed.component import embed

__all__ = ["embed"]

"""The step ``decide_promotion`` as a component."""

from seatrial_components.decide_promotion.component import decide_promotion

__all__ = ["decide_promotion"]

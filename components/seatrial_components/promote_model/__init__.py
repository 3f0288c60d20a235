"""The step ``promote_model`` as a component."""

from seatrial_components.promote_model.component import promote_model

__all__ = ["promote_model"]

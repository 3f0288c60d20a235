"""The step ``enforce`` as a component."""

from seatrial_components.enforce.component import enforce

__all__ = ["enforce"]

"""The step ``explain_errors`` as a component."""

from seatrial_components.explain_errors.component import explain_errors

__all__ = ["explain_errors"]

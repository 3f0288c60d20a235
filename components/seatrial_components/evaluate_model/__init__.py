"""The step ``evaluate_model`` as a component."""

from seatrial_components.evaluate_model.component import evaluate_model

__all__ = ["evaluate_model"]

"""Component ``evaluate_on_trainjob``."""

from seatrial_components.evaluate_on_trainjob.component import evaluate_on_trainjob

__all__ = ["evaluate_on_trainjob"]

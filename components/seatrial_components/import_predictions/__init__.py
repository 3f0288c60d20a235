"""The step ``import_predictions`` as a component."""

from seatrial_components.import_predictions.component import import_predictions

__all__ = ["import_predictions"]

"""Check ``label_errors``: annotations that a model, neighbours or training contradict, in all three tasks."""

from seatrial.quality.label_errors.check import label_errors
from seatrial.quality.label_errors.classification import LabelDoubts, doubt_labels
from seatrial.quality.label_errors.held_out import HeldOut

__all__ = ["HeldOut", "LabelDoubts", "doubt_labels", "label_errors"]

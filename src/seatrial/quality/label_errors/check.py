"""The check ``label_errors``, task by task."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.label_errors.doubted_labels import doubted_labels

__all__ = ["label_errors"]


def label_errors(given: CheckInput) -> Found:
    """Report annotations that are probably wrong, each with what they should be instead and the evidence.

    It needs an evaluation of the data set. Scores are in [0, 1] and order the findings; those of different
    tasks cannot be compared.
    """
    return doubted_labels(given)

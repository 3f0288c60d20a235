"""The check ``label_errors``, task by task."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.label_errors.doubted_boxes import doubted_boxes
from seatrial.quality.label_errors.doubted_labels import doubted_labels
from seatrial.quality.label_errors.doubted_masks import doubted_masks

__all__ = ["label_errors"]


def label_errors(given: CheckInput) -> Found:
    """Report annotations that are probably wrong, each with what they should be instead and the evidence.

    It needs an evaluation of the data set. Scores are in [0, 1] and order the findings; those of different
    tasks cannot be compared.
    """
    match given.data.manifest.task:
        case "classification":
            return doubted_labels(given)
        case "detection":
            return doubted_boxes(given)
        case "segmentation":
            return doubted_masks(given)

"""What one model did on one data set, in Arrow and Parquet."""

from seatrial.evaluation.cache import EvaluationCache
from seatrial.evaluation.classification import classification_samples
from seatrial.evaluation.detection import EVALUATED_OBJECT_SCHEMA, DetectedObjects, detection_tables
from seatrial.evaluation.explanations import EXPLANATION_SCHEMA, Explanations
from seatrial.evaluation.imported import imported_classification
from seatrial.evaluation.imported_detection import imported_detection
from seatrial.evaluation.imported_segmentation import imported_segmentation
from seatrial.evaluation.of_dataset import evaluation_of
from seatrial.evaluation.pixels import PIXEL_SCHEMA, PixelCounts, band_width, pixel_counts, pixel_table
from seatrial.evaluation.table import EvaluationHeader, EvaluationTable, Failure

__all__ = [
    "EVALUATED_OBJECT_SCHEMA",
    "EXPLANATION_SCHEMA",
    "PIXEL_SCHEMA",
    "DetectedObjects",
    "EvaluationCache",
    "EvaluationHeader",
    "EvaluationTable",
    "Explanations",
    "Failure",
    "PixelCounts",
    "band_width",
    "classification_samples",
    "detection_tables",
    "evaluation_of",
    "imported_classification",
    "imported_detection",
    "imported_segmentation",
    "pixel_counts",
    "pixel_table",
]

"""What one model did on one data set, in Arrow and Parquet."""

from seatrial.evaluation.cache import EvaluationCache
from seatrial.evaluation.classification import classification_samples
from seatrial.evaluation.imported import imported_classification
from seatrial.evaluation.table import EvaluationHeader, EvaluationTable, Failure

__all__ = [
    "EvaluationCache",
    "EvaluationHeader",
    "EvaluationTable",
    "Failure",
    "classification_samples",
    "imported_classification",
]

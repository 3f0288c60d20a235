"""What one model did on one data set, in Arrow and Parquet."""

from seatrial.evaluation.table import EvaluationHeader, EvaluationTable, Failure

__all__ = ["EvaluationHeader", "EvaluationTable", "Failure"]

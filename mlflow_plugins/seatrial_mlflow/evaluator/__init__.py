"""Evaluator ``seatrial`` for ``mlflow.models.evaluate``: slices and gates for a DataFrame of predictions."""

from seatrial_mlflow.evaluator.evaluator import EvaluatorOptions, SeatrialEvaluator

__all__ = ["EvaluatorOptions", "SeatrialEvaluator"]

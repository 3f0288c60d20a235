"""Metrics as pure functions of samples and weights; knows nothing of slices or files."""

from seatrial.metrics.classification import compute, confusion, reliability
from seatrial.metrics.registry import METRICS, Metric, metric
from seatrial.metrics.samples import ClassificationSamples
from seatrial.metrics.sufficient import Computed

__all__ = [
    "METRICS",
    "ClassificationSamples",
    "Computed",
    "Metric",
    "compute",
    "confusion",
    "metric",
    "reliability",
]

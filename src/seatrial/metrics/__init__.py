"""Metrics as pure functions of samples and weights; knows nothing of slices or files."""

from seatrial.metrics.calibration import reliability
from seatrial.metrics.classification import ClassificationSamples
from seatrial.metrics.compute import compute
from seatrial.metrics.detection import DetectionSamples
from seatrial.metrics.registry import HEADLINES, METRICS, Metric, metric, task_metrics
from seatrial.metrics.segmentation import SegmentationSamples
from seatrial.metrics.sufficient import Computed, Samples

__all__ = [
    "HEADLINES",
    "METRICS",
    "ClassificationSamples",
    "Computed",
    "DetectionSamples",
    "Metric",
    "Samples",
    "SegmentationSamples",
    "compute",
    "metric",
    "reliability",
    "task_metrics",
]

"""Metrics of detectors: match and sort once, then only re-weigh the images."""

from seatrial.metrics.detection.objects import Geometry
from seatrial.metrics.detection.samples import DetectionSamples

__all__ = ["DetectionSamples", "Geometry"]

"""Metrics of detectors: match and sort once, then only re-weigh the images."""

from seatrial.metrics.detection.objects import Geometry
from seatrial.metrics.detection.samples import DetectionSamples
from seatrial.metrics.detection.tide import DetectionError
from seatrial.metrics.detection.voc import voc_average_precision, voc_precisions

__all__ = ["DetectionError", "DetectionSamples", "Geometry", "voc_average_precision", "voc_precisions"]

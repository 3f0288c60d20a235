"""Adapters: what a detector or a segmenter returns, as boxes or as class values of pixels.

An adapter is a class in the entry-point group ``seatrial.adapters``; its fields are its options.
"""

from seatrial.inference.adapters.adapter import DetectionAdapter, Detections, Inputs, SegmentationAdapter
from seatrial.inference.adapters.expectation import first_tensor, unexpected
from seatrial.inference.adapters.suppression import suppressed

__all__ = [
    "DetectionAdapter",
    "Detections",
    "Inputs",
    "SegmentationAdapter",
    "first_tensor",
    "suppressed",
    "unexpected",
]

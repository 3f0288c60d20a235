"""What people label or relabel next, in the formats of labelling tools."""

from seatrial.labelling.export import EXPORT_FILES, FORMATS, check_formats, export
from seatrial.labelling.queue import QUEUE_SCHEMA, LabellingQueue, QueueItem, SuggestedBox

__all__ = [
    "EXPORT_FILES",
    "FORMATS",
    "QUEUE_SCHEMA",
    "LabellingQueue",
    "QueueItem",
    "SuggestedBox",
    "check_formats",
    "export",
]

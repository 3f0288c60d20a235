"""Reader ``coco:``: an instances file as of COCO, with crowds, masks and whatever else it says."""

from seatrial.datasets.coco.document import Document, load_document
from seatrial.datasets.coco.reader import read

__all__ = ["Document", "load_document", "read"]

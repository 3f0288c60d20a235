"""Reader ``voc:``: one XML file of boxes per image, as of Pascal VOC."""

from seatrial.datasets.voc.reader import read

__all__ = ["read"]

"""Reader ``yolo:``: one text file of relative boxes or polygons per image."""

from seatrial.datasets.yolo.reader import read

__all__ = ["read"]

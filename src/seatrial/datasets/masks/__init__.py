"""Reader ``masks:``: images and, beside each, an image of class codes or of instance numbers."""

from seatrial.datasets.masks.reader import read

__all__ = ["read"]

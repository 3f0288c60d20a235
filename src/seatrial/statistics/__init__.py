"""Intervals, paired comparison and multiplicity; knows nothing of metrics or slices."""

from seatrial.statistics.measurement import Difference, Estimate, Measurement, NotComputable

__all__ = ["Difference", "Estimate", "Measurement", "NotComputable"]

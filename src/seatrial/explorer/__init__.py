"""A local web page on an evaluation: every sample, filtered, searched, tagged and saved."""

from seatrial.explorer.opened import OpenedEvaluation
from seatrial.explorer.selection import Choice

__all__ = ["Choice", "OpenedEvaluation"]

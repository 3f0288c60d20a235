"""What to explain of an evaluation, what is core in it, and what explanations amount to cell by cell."""

from seatrial.mining.explaining.cells import CellView, cells_of, slice_views
from seatrial.mining.explaining.choice import Chosen, choose, hashed_order
from seatrial.mining.explaining.cores import CoreSource

__all__ = ["CellView", "Chosen", "CoreSource", "cells_of", "choose", "hashed_order", "slice_views"]

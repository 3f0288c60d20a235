"""Nearest neighbours among embeddings: exact and approximate, on FAISS."""

from seatrial.neighbours.embeddings import Embeddings, Level
from seatrial.neighbours.index import EXACT_ROWS, NeighbourIndex
from seatrial.neighbours.kept import open_index
from seatrial.neighbours.merging import merge_embeddings
from seatrial.neighbours.metric import METRICS, Metric
from seatrial.neighbours.pairs import Pairs

__all__ = [
    "EXACT_ROWS",
    "METRICS",
    "Embeddings",
    "Level",
    "Metric",
    "NeighbourIndex",
    "Pairs",
    "merge_embeddings",
    "open_index",
]

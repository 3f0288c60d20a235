"""From failures to the images of an unlabelled pool that are worth a label."""

from seatrial.mining.edge_cases.evaluated import Evaluated
from seatrial.mining.edge_cases.mine import EdgeCase, EdgeCases, MineOptions, mine
from seatrial.mining.edge_cases.pool import Pool
from seatrial.mining.edge_cases.targets import Target, embedding_rows, targets

__all__ = [
    "EdgeCase",
    "EdgeCases",
    "Evaluated",
    "MineOptions",
    "Pool",
    "Target",
    "embedding_rows",
    "mine",
    "targets",
]

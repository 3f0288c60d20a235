"""Selector ``random``: a draw, to compare with and where nothing else is known."""

import numpy as np

from seatrial.mining.selecting.space import Picks, Space

__all__ = ["random_draw"]


def random_draw(space: Space, size: int) -> Picks:
    """Draw candidates without replacement.

    Args:
        space: What to choose from; its vectors do not matter.
        size: How many; fewer where there are no more candidates.
    """
    generator = np.random.default_rng([space.seed, len(space.chosen)])
    rows = generator.permutation(space.candidates)[:size]
    return Picks(rows, np.full(len(rows), np.nan), "drawn")

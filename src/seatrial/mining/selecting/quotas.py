"""How many rows of each stratum are chosen, so that strata are as even as the pool allows."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["even_quotas"]


def even_quotas(available: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Share seats out evenly: everybody gets the same, or all they have where that is less.

    Args:
        available: Rows in each stratum, shape (k,).
        size: Seats.

    Returns:
        Seats of each stratum, shape (k,); they add up to ``size`` or to all rows, where those are fewer. What
        is left over of an even division goes to the strata that have most, earlier ones first.
    """
    quotas = np.zeros_like(available)
    left = min(size, int(available.sum()))
    while left > 0:
        open_ = np.flatnonzero(quotas < available)
        share = left // len(open_)
        if share == 0:
            order = open_[np.argsort(-available[open_], kind="stable")]
            quotas[order[:left]] += 1
            break
        more = np.minimum(share, available[open_] - quotas[open_])
        quotas[open_] += more
        left -= int(more.sum())
    return quotas

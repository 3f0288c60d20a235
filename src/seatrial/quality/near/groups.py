"""Groups of what is connected by pairs."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["connected"]


def connected(count: int, pairs: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Join rows that pairs connect, directly or through others (union–find).

    Args:
        count: Rows in all.
        pairs: Shape (p, 2).

    Returns:
        The groups of two or more, each sorted, in the order of their first rows.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return []
    links = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, labels = connected_components(links, directed=False)
    touched = np.unique(pairs)
    order = touched[np.argsort(labels[touched], kind="stable")]
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return sorted(np.split(order, cuts), key=lambda rows: int(rows[0]))

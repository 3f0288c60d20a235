"""Two halves of the samples: one to look for slices in, one to confirm them on."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

__all__ = ["confirming_half"]


def confirming_half(groups: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Choose about half of the samples, to confirm on them what was found on the others.

    A slice that a search found to be the worst of thousands looks bad by chance already; a test on the
    samples it was found on says nothing. On samples that the search never saw, its p-value is honest, and
    only as many p-values need correcting (:func:`~seatrial.statistics.holm`) as slices were brought to this
    half.

    Which half a sample is in depends on the seed and the text of its group alone: it is the same in any
    order, in any shard and on any machine, and samples of one group are never on both sides. It has nothing
    to do with the bootstrap's weights.

    Args:
        groups: Group of each sample, shape (n,): the sample's own id where samples are independent.
        seed: Any integer.

    Returns:
        Whether each sample is in the half to confirm on, shape (n,).
    """
    drawn = {group: _coin(group, seed) for group in dict.fromkeys(groups)}
    return np.fromiter((drawn[group] for group in groups), dtype=np.bool_, count=len(groups))


def _coin(group: str, seed: int) -> bool:
    digest = blake2b(f"{seed}/{group}".encode(), digest_size=8, person=b"halves").digest()
    return bool(digest[0] & 1)

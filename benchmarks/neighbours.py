"""Index and search of a million vectors, exact and partitioned, beside brute force in the same run."""

import resource
import time

import numpy as np

from benchmarks.row import Row
from seatrial.neighbours import NeighbourIndex

__all__ = ["rows"]

_ROWS, _WIDTH, _QUERIES, _NEIGHBOURS = 1_000_000, 128, 1_000, 10


def rows():
    """Time what `seatrial search` does, and count how many true neighbours are found."""
    vectors, queries = drawn(_ROWS + _QUERIES)
    found = []
    for name, exact in (("exact", True), ("partitioned", False)):
        index, build = timed(lambda exact=exact: NeighbourIndex.build(vectors, exact=exact))
        (_, near), search = timed(lambda index=index: index.search(queries, _NEIGHBOURS))
        found.append((name, build, search, near, _peak()))
        del index
    truth, by_hand = timed(lambda: brute_force(vectors, queries))
    for name, build, search, near, peak in found:
        recall = np.mean([len(set(a) & set(b)) for a, b in zip(truth.tolist(), near.tolist(), strict=True)])
        yield Row(
            f"{name} index of {_ROWS:,} × {_WIDTH} and {_QUERIES:,} queries of {_NEIGHBOURS}",
            f"{build + search:.1f} s ({build:.1f} s to build, {search:.1f} s to search); "
            f"{peak:.1f} GB, vectors included",
            f"NumPy, brute force: {by_hand:.1f} s",
            f"{by_hand / (build + search):.1f}×",
            f"recall {recall / _NEIGHBOURS:.3f} of brute force",
        )


def drawn(n):
    """Draw vectors in a thousand clusters, as embeddings are, and queries from the same."""
    random = np.random.default_rng(7)
    centres = 1.5 * random.standard_normal((1000, _WIDTH), dtype=np.float32)
    vectors = random.standard_normal((n, _WIDTH), dtype=np.float32)
    which = random.integers(0, len(centres), n)
    for start in range(0, n, 65_536):
        vectors[start : start + 65_536] += centres[which[start : start + 65_536]]
    return vectors[:-_QUERIES], vectors[-_QUERIES:]


def brute_force(vectors, queries):
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    near = []
    for start in range(0, len(queries), 100):
        cosines = queries[start : start + 100] @ vectors.T / lengths
        near.append(np.argpartition(-cosines, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS])
    return np.concatenate(near)


def timed(run):
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def _peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6

"""Perceptual hashes of looks, and which of them are near."""

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import in_threads, threads
from seatrial.images import LOOK_SIDE
from seatrial.neighbours.index import faiss_module

__all__ = ["BITS", "EXACT_HASHES", "candidate_pairs", "look_hashes"]

_SIDE = 16

#: Bits of a hash.
BITS = _SIDE * _SIDE

#: Bits that may differ: of two unrelated images half of them do, 128 ± 8; an image that was cropped by 3 %
#: differs from the whole in up to 86.
_RADIUS = 88

#: Hashes up to which every pair is compared: about five seconds on a core.
EXACT_HASHES = 50_000

#: Cells of FAISS's partition for each root of the hashes, hashes a cell to train on, cells a query looks at.
_CELLS, _TRAINED, _VISITED = 4, 40, 64

_BLOCK = 512
_SEED = 7


def look_hashes(looks: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Hash looks by the signs of their low frequencies (pHash, Zauner 2010, of 16 × 16 frequencies).

    Args:
        looks: Shape (n, side, side).

    Returns:
        Shape (n, 4), 256 bits each; the first, of the mean, is zero, so that brightness does not count.
    """
    place = (2 * np.arange(LOOK_SIDE) + 1) * np.pi / (2 * LOOK_SIDE)
    cosines = np.cos(np.arange(_SIDE)[:, None] * place[None])
    words = np.empty((len(looks), BITS // 64), np.uint64)
    for start in range(0, len(looks), 4096):
        part = looks[start : start + 4096].astype(np.float64)
        frequencies = (cosines @ part @ cosines.T).reshape(len(part), BITS)
        middle = np.median(frequencies[:, 1:], axis=1, keepdims=True)
        bits = frequencies > middle
        bits[:, 0] = False
        words[start : start + 4096] = np.packbits(bits, axis=1).view(np.uint64)
    return words


def candidate_pairs(
    hashes: NDArray[np.uint64], others: NDArray[np.uint64] | None = None, *, most: int = 16
) -> NDArray[np.int64]:
    """Find pairs of near hashes: for each row the nearest ones, as far as few enough bits differ.

    Up to :data:`EXACT_HASHES` every pair is compared; beyond that FAISS's inverted file of binary vectors
    looks at the cells around each.

    Args:
        hashes: Shape (n, 4).
        others: Shape (m, 4), among which to look; None for ``hashes`` themselves.
        most: Neighbours of each row.

    Returns:
        Shape (pairs, 2), rows of ``hashes`` and of ``others``, sorted; among themselves each pair once, the
        earlier row first.

    Raises:
        MissingExtraError: There are so many that FAISS is needed, and it is not installed.
    """
    base = hashes if others is None else others
    if not len(hashes) or not len(base):
        return np.empty((0, 2), np.int64)
    exact = max(len(hashes), len(base)) <= EXACT_HASHES
    found = (_every if exact else _by_cells)(hashes, base, others is None, most)
    rows = np.repeat(np.arange(len(hashes)), found.shape[1])
    pairs = np.column_stack([rows, found.reshape(-1)])[found.reshape(-1) >= 0]
    if others is None:
        pairs = np.sort(pairs, axis=1)
    return np.unique(pairs, axis=0)


def _every(hashes: NDArray[np.uint64], base: NDArray[np.uint64], same: bool, most: int) -> NDArray[np.int64]:
    from seatrial.quality.near.kernels import nearest_hashes

    found = np.full((len(hashes), most), -1, np.int64)
    distances = np.full((len(hashes), most), BITS + 1, np.int64)

    def block(start: int) -> None:
        part = slice(start, start + _BLOCK)
        nearest_hashes(hashes[part], base, _RADIUS, start, same, found[part], distances[part])

    in_threads(block, range(0, len(hashes), _BLOCK))
    return found


def _by_cells(
    hashes: NDArray[np.uint64], base: NDArray[np.uint64], same: bool, most: int
) -> NDArray[np.int64]:
    faiss = faiss_module()
    faiss.omp_set_num_threads(threads())
    codes = np.ascontiguousarray(base).view(np.uint8)
    cells = max(1, min(int(_CELLS * len(base) ** 0.5), len(base) // _TRAINED))
    index = faiss.IndexBinaryIVF(faiss.IndexBinaryFlat(BITS), BITS, cells)
    index.cp.seed, index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = _SEED, _TRAINED, 1
    chosen = np.random.default_rng(_SEED).choice(len(base), min(len(base), cells * _TRAINED), replace=False)
    index.train(codes[np.sort(chosen)])
    index.add(codes)
    index.nprobe = min(_VISITED, cells)
    distances, found = index.search(np.ascontiguousarray(hashes).view(np.uint8), most + same)
    keep = (found >= 0) & (distances <= _RADIUS)
    if same:
        keep &= found != np.arange(len(hashes))[:, None]
    return np.where(keep, found, -1).astype(np.int64)

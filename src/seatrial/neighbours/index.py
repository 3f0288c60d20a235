"""Nearest neighbours of vectors, exact where that is affordable."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError, MissingExtraError
from seatrial.neighbours.embeddings import check_finite
from seatrial.neighbours.metric import Metric, check_metric, directions, is_zero, row_distances
from seatrial.neighbours.pairs import Pairs, pairs_among, pairs_found

__all__ = ["EXACT_PAIRS", "EXACT_ROWS", "NeighbourIndex", "faiss_module"]

#: Rows up to which every row is compared with a query.
EXACT_ROWS = 1_000_000

#: Rows up to which every row is compared with every other: the work grows with the square.
EXACT_PAIRS = 200_000

_Prepare = Callable[[NDArray[np.float32]], NDArray[np.float32]]

_MATRIX = 2
_SEED = 7

#: Rows that are prepared, searched or added at a time.
_BLOCK = 65_536

#: Cells of a partition for each root of the rows, rows a cell to train on, and cells that a query looks at.
_CELLS, _TRAINED, _VISITED = 2, 48, 48


def faiss_module() -> Any:
    """Import FAISS, which is only loaded where neighbours are searched.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError("faiss", "mining") from error
    return faiss


class NeighbourIndex:
    """An index of vectors that finds the nearest to a query.

    Distances are computed anew from the vectors that were found, so that equal vectors are at exactly 0 and
    what is told does not depend on how the index is organised. Cosine distance is 1 − cosine, in [0, 2]; a
    vector of zeros is at 0 from another and at 1 from everything else. Memory: a copy of the vectors, twice
    that where the index is not exact.
    """

    def __init__(self, index: Any, vectors: NDArray[np.float32], metric: Metric, width: int) -> None:
        self._index = index
        self._vectors = vectors
        self.metric: Metric = metric
        self.width = width

    @classmethod
    def build(
        cls, vectors: NDArray[np.float32], *, metric: Metric = "cosine", exact: bool | None = None
    ) -> "NeighbourIndex":
        """Index vectors.

        Args:
            vectors: Shape (n, width), finite, n at least 1.
            metric: ``cosine`` or ``l2`` (Euclidean).
            exact: Compare a query with every row; None does up to :data:`EXACT_ROWS` rows. Otherwise rows
                are partitioned into cells (FAISS's inverted file, about 2·√n cells), of which a query
                visits 48: some neighbours can be missed.

        Raises:
            InputError: The vectors are not such.
            MissingExtraError: FAISS is not installed.
        """
        check_metric(metric)
        _check_vectors(vectors)
        faiss = faiss_module()
        prepare = _preparation(vectors, metric)
        if exact is None:
            exact = len(vectors) <= EXACT_ROWS
        n, width = len(vectors), prepare(vectors[:1]).shape[1]
        if exact:
            index = faiss.IndexFlat(width, _kind(faiss, metric))
            _add(index, vectors, prepare)
            kept = faiss.rev_swig_ptr(index.get_xb(), n * width).reshape(n, width)
            return cls(index, kept, metric, vectors.shape[1])
        kept = _prepared_whole(vectors, prepare)
        cells = max(1, min(int(_CELLS * n**0.5), n // _TRAINED))
        quantizer = faiss.IndexFlat(width, _kind(faiss, metric))
        index = faiss.IndexIVFFlat(quantizer, width, cells, _kind(faiss, metric))
        index.cp.seed, index.cp.max_points_per_centroid = _SEED, _TRAINED
        index.cp.min_points_per_centroid = 1
        chosen = np.random.default_rng(_SEED).choice(n, min(n, cells * _TRAINED), replace=False)
        index.train(kept[np.sort(chosen)])
        _add(index, kept, np.asarray)
        index.nprobe = _VISITED
        return cls(index, kept, metric, vectors.shape[1])

    @classmethod
    def around(cls, index: Any, vectors: NDArray[np.float32], metric: Metric) -> "NeighbourIndex":
        """Take a FAISS index that was read from a file, of the vectors that it was built of."""
        index.nprobe = _VISITED
        kept = _prepared_whole(vectors, _preparation(vectors, metric))
        return cls(index, kept, metric, vectors.shape[1])

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def exact(self) -> bool:
        """Whether a query is compared with every row."""
        return not hasattr(self._index, "nprobe")

    @property
    def faiss_index(self) -> Any:
        """FAISS's own index, to write it to a file."""
        return self._index

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the nearest rows of queries.

        Args:
            queries: Shape (m, width), finite.
            k: How many, at least 1; no more than there are rows are given.

        Returns:
            Distances and rows, each of shape (m, min(k, n)), nearest first, of equals the earlier row. Where
            the index is not exact and found fewer, the rest is infinite and −1.

        Raises:
            InputError: The queries are not such.
        """
        _check_vectors(queries, self.width)
        if k < 1:
            raise InputError(f"k: expected at least 1, got {k}")
        prepared = self._prepared(queries)
        k = min(k, len(self))
        distances = np.empty((len(queries), k), dtype=np.float32)
        rows = np.empty((len(queries), k), dtype=np.int64)
        for start in range(0, len(queries), _BLOCK):
            part = slice(start, start + _BLOCK)
            _, found = self._index.search(prepared[part], k)
            measured = row_distances(self._vectors, prepared[part], found, self.metric)
            order = np.lexsort((found, measured), axis=1)
            distances[part] = np.take_along_axis(measured, order, axis=1)
            rows[part] = np.take_along_axis(found, order, axis=1)
        if self.metric == "cosine":
            nowhere = is_zero(prepared)  # no row of the index is zero, or the queries would have been lifted
            distances[nowhere] = np.where(rows[nowhere] < 0, np.inf, 1)
        return distances, rows

    def leave_one_out(self, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Find the nearest other rows of every row.

        Args:
            k: How many, at least 1; no more than there are others are given.

        Returns:
            As :meth:`search`, shape (n, min(k, n − 1)).
        """
        if k < 1:
            raise InputError(f"k: expected at least 1, got {k}")
        k = min(k, len(self) - 1)
        distances = np.empty((len(self), k), dtype=np.float32)
        rows = np.empty((len(self), k), dtype=np.int64)
        for start in range(0, len(self), _BLOCK):
            queries = self._vectors[start : start + _BLOCK]
            _, found = self._index.search(queries, k + 1)
            own = np.arange(start, start + len(queries))[:, None]
            # itself goes; where equal rows have pushed it out, the last one found goes instead
            dropped = np.where((found == own).any(axis=1), (found == own).argmax(axis=1), k)
            keep = np.arange(k + 1)[None] != dropped[:, None]
            others = found[keep].reshape(len(queries), k)
            measured = row_distances(self._vectors, queries, others, self.metric)
            order = np.lexsort((others, measured), axis=1)
            part = slice(start, start + len(queries))
            distances[part] = np.take_along_axis(measured, order, axis=1)
            rows[part] = np.take_along_axis(others, order, axis=1)
        return distances, rows

    def pairs_within(self, threshold: float, *, most: int = 10_000_000) -> Pairs:
        """Find all pairs of rows that are at most ``threshold`` apart.

        Up to :data:`EXACT_PAIRS` rows every pair is compared, block by block; beyond that rows are compared
        with those of the cells around them.

        Args:
            threshold: At least 0.
            most: Pairs that may be found before it is an error: vectors that hardly differ make up a square
                of them.

        Returns:
            Each pair once, the earlier row first, in the order of the rows.

        Raises:
            InputError: The threshold is negative, or there are more than ``most`` pairs.
        """
        if not threshold >= 0:
            raise InputError(f"threshold: expected at least 0, got {threshold}")
        if len(self) <= EXACT_PAIRS:
            return pairs_among(self._vectors, threshold, self.metric, most)
        index = self._index if not self.exact else self._partitioned()
        return pairs_found(index, self._vectors, threshold, self.metric, most)

    def _partitioned(self) -> Any:
        return NeighbourIndex.build(self._vectors, metric=self.metric, exact=False).faiss_index

    def _prepared(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.metric == "l2":
            return np.ascontiguousarray(queries, dtype=np.float32)
        return directions(queries, with_zero=self._vectors.shape[1] > self.width)


def _preparation(vectors: NDArray[np.float32], metric: Metric) -> _Prepare:
    """Choose what is done with vectors before they are indexed."""
    if metric == "l2":
        return lambda block: np.ascontiguousarray(block, dtype=np.float32)
    with_zero = any(
        is_zero(vectors[start : start + _BLOCK]).any() for start in range(0, len(vectors), _BLOCK)
    )
    return lambda block: directions(block, with_zero=with_zero)


def _prepared_whole(vectors: NDArray[np.float32], prepare: _Prepare) -> NDArray[np.float32]:
    return np.concatenate([prepare(vectors[row : row + _BLOCK]) for row in range(0, len(vectors), _BLOCK)])


def _kind(faiss: Any, metric: Metric) -> int:
    return int(faiss.METRIC_INNER_PRODUCT if metric == "cosine" else faiss.METRIC_L2)


def _add(index: Any, vectors: NDArray[np.float32], prepare: _Prepare) -> None:
    for start in range(0, len(vectors), _BLOCK):
        index.add(prepare(vectors[start : start + _BLOCK]))


def _check_vectors(vectors: NDArray[np.float32], width: int | None = None) -> None:
    if vectors.ndim != _MATRIX or not vectors.shape[1] or (width is None and not len(vectors)):
        raise InputError(f"expected vectors shaped (n, width), at least one, got {vectors.shape}")
    if width is not None and vectors.shape[1] != width:
        raise InputError(
            f"expected queries of {width} values a vector as in the index, got {vectors.shape[1]}: embed "
            "both with the same model"
        )
    check_finite(vectors)

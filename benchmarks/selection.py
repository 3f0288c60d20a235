"""Selection from a large pool beside a plain greedy k-centre choice and a random draw."""

import resource
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.row import Row, seconds
from seatrial.mining.selecting import SELECTORS, cover_distances, select_rows

_WIDTH, _CLUSTERS, _STRATA = 128, 200, 10
_LARGE, _LARGE_SIZE = 1_000_000, 10_000
_SMALL, _SMALL_SIZE = 100_000, 500
_FACILITIES, _FACILITY_SIZE = 5_000, 200
_TRIED = 20
_NEAR = 0.02


def _pool(n: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Directions around 200 centres, and the stratum of each; made block by block, as float32."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(_CLUSTERS, _WIDTH)).astype(np.float32)
    cluster = rng.integers(0, _CLUSTERS, n)
    vectors = np.empty((n, _WIDTH), dtype=np.float32)
    for start in range(0, n, 100_000):
        part = slice(start, start + 100_000)
        noise = rng.normal(size=(len(cluster[part]), _WIDTH)).astype(np.float32)
        vectors[part] = centres[cluster[part]] + noise / 2
        vectors[part] /= np.linalg.norm(vectors[part], axis=1, keepdims=True)
    return vectors, (cluster % _STRATA).astype(np.int64)


def _plain(vectors: NDArray[np.float32], size: int, first: int) -> list[int]:
    """Gonzalez's algorithm as it is written down."""
    chosen = [first]
    away = 1 - vectors @ vectors[first]
    while len(chosen) < size:
        chosen.append(int(away.argmax()))
        away = np.minimum(away, 1 - vectors @ vectors[chosen[-1]])
    return chosen


def rows() -> Iterator[Row]:
    """Choose 10,000 of a million, 500 of 100,000, and 200 of 5,000 by facility location."""
    yield _million()
    yield _whole()
    yield _facilities()


def _million() -> Row:
    vectors, strata = _pool(_LARGE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    found = select_rows(strata, _LARGE_SIZE, SELECTORS["k_centre"], vectors=vectors, near=_NEAR)
    took = time.perf_counter() - start
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6
    start = time.perf_counter()
    _plain(vectors, _TRIED, 0)
    plain = (time.perf_counter() - start) / _TRIED * _LARGE_SIZE
    drawn = np.random.default_rng(0).choice(_LARGE, _LARGE_SIZE, replace=False)
    ours, theirs = (cover_distances(vectors, one) for one in (found.rows, drawn))
    even = set(np.bincount(found.strata).tolist()) == {_LARGE_SIZE // _STRATA}
    return Row(
        f"{_LARGE_SIZE:,} of {_LARGE:,} × {_WIDTH} in {_STRATA} strata, k-centre",
        f"{took:.1f} s, {more:.1f} GB beside the vectors",
        f"plain greedy k-centre, without strata: {plain:.0f} s (from {_TRIED} steps)",
        f"{plain / took:.0f}×",
        f"strata equal: {even}; largest distance of the pool to the nearest chosen {ours['largest']:.3f}, "
        f"of a random draw {theirs['largest']:.3f}",
    )


def _whole() -> Row:
    vectors, _ = _pool(_SMALL)
    one = np.zeros(_SMALL, dtype=np.int64)
    found = select_rows(one, _SMALL_SIZE, SELECTORS["k_centre"], vectors=vectors)
    ours, spread = seconds(lambda: select_rows(one, _SMALL_SIZE, SELECTORS["k_centre"], vectors=vectors))
    first = int(found.rows[0])
    plain, other = seconds(lambda: _plain(vectors, _SMALL_SIZE, first))
    same = found.rows.tolist() == _plain(vectors, _SMALL_SIZE, first)
    return Row(
        f"{_SMALL_SIZE} of {_SMALL:,} × {_WIDTH}, k-centre, whole space",
        f"{ours:.2f} s ({spread:.2f})",
        f"plain greedy k-centre {plain:.2f} s ({other:.2f})",
        f"{plain / ours:.1f}×",
        f"the same rows in the same order: {same}",
    )


def _facilities() -> Row:
    vectors, _ = _pool(_FACILITIES)
    one = np.zeros(_FACILITIES, dtype=np.int64)
    start = time.perf_counter()
    found = select_rows(one, _FACILITY_SIZE, SELECTORS["facility_location"], vectors=vectors)
    took = time.perf_counter() - start
    centre = select_rows(one, _FACILITY_SIZE, SELECTORS["k_centre"], vectors=vectors)
    drawn = np.random.default_rng(0).choice(_FACILITIES, _FACILITY_SIZE, replace=False)
    ours, far, theirs = (cover_distances(vectors, rows)["mean"] for rows in (found.rows, centre.rows, drawn))
    return Row(
        f"{_FACILITY_SIZE} of {_FACILITIES:,} × {_WIDTH}, facility location",
        f"mean distance to the nearest chosen {ours:.4f} in {took:.1f} s",
        f"random draw {theirs:.4f}, k-centre {far:.4f}",
        f"{1 - ours / theirs:.0%} nearer than a draw",
        "the plain greedy choice: tests/unit/mining/test_selecting.py",
    )

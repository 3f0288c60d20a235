import numpy as np
import pytest
from scipy.spatial.distance import cdist

from seatrial.errors import InputError
from seatrial.neighbours import NeighbourIndex


def drawn(n, width=16, seed=0):
    return np.random.default_rng(seed).standard_normal((n, width)).astype(np.float32)


def clustered(n, width=32, seed=0):
    random = np.random.default_rng(seed)
    centres = random.standard_normal((50, width)) * 3
    return (centres[random.integers(0, 50, n)] + random.standard_normal((n, width))).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_an_exact_search_equals_scipy(metric):
    vectors, queries = drawn(500), drawn(40, seed=1)
    distances, rows = NeighbourIndex.build(vectors, metric=metric).search(queries, 7)
    truth = cdist(queries, vectors, "cosine" if metric == "cosine" else "euclidean")
    assert np.array_equal(rows, np.argsort(truth, axis=1, kind="stable")[:, :7])
    assert np.allclose(distances, np.sort(truth, axis=1)[:, :7], atol=1e-6)
    assert distances.dtype == np.float32
    assert rows.dtype == np.int64


@pytest.mark.parametrize("metric", ["cosine", "l2"])
def test_equal_vectors_are_at_exactly_zero_and_the_earlier_comes_first(metric):
    vectors = drawn(50) * 1000
    vectors[40] = vectors[3]
    distances, rows = NeighbourIndex.build(vectors, metric=metric).search(vectors[40:41], 2)
    assert rows.tolist() == [[3, 40]]
    assert distances.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("exact", [True, False])
def test_every_row_can_be_asked_for_its_others(exact):
    vectors = clustered(3000)
    vectors[10:20] = vectors[10]  # more equal rows than neighbours that are asked for
    index = NeighbourIndex.build(vectors, metric="l2", exact=exact)
    distances, rows = index.leave_one_out(5)
    assert index.exact is exact
    assert rows.shape == distances.shape == (3000, 5)
    assert not (rows == np.arange(3000)[:, None]).any()
    assert np.isin(rows[10:20], np.arange(10, 20)).all()
    truth = cdist(vectors, vectors)
    np.fill_diagonal(truth, np.inf)
    nearest = np.sort(truth, axis=1)[:, :5]
    assert (np.isclose(distances, nearest, atol=1e-4)).mean() > (0.999 if exact else 0.99)


def test_few_rows_have_few_neighbours():
    index = NeighbourIndex.build(drawn(3))
    assert index.search(drawn(2, seed=1), 10)[1].shape == (2, 3)
    assert index.leave_one_out(10)[1].shape == (3, 2)
    assert NeighbourIndex.build(drawn(1)).leave_one_out(10)[1].shape == (1, 0)


def test_a_partitioned_index_finds_nearly_what_an_exact_one_does():
    vectors, queries = clustered(20_000), clustered(200, seed=1)
    exact = NeighbourIndex.build(vectors, exact=True).search(queries, 10)[1]
    found = NeighbourIndex.build(vectors, exact=False).search(queries, 10)[1]
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.tolist(), found.tolist(), strict=True)])
    assert recall > 0.95


def test_partitioning_twice_gives_the_same():
    vectors = clustered(5000)
    first, second = (NeighbourIndex.build(vectors, exact=False).search(vectors[:50], 5) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


def test_a_vector_of_zeros_is_near_another_and_away_from_all_else():
    vectors = drawn(20)
    vectors[[4, 9]] = 0
    index = NeighbourIndex.build(vectors)
    distances, rows = index.search(np.zeros((1, 16), np.float32), 3)
    assert rows[0, :2].tolist() == [4, 9]
    assert distances.tolist() == [[0, 0, 1]]
    assert index.pairs_within(0.0).first.tolist() == [4]
    without = NeighbourIndex.build(drawn(20))
    assert without.search(np.zeros((1, 16), np.float32), 2)[0].tolist() == [[1, 1]]


def test_constant_vectors_are_all_at_zero():
    distances, rows = NeighbourIndex.build(np.ones((30, 4), np.float32)).search(
        np.ones((1, 4), np.float32), 4
    )
    assert distances.tolist() == [[0, 0, 0, 0]]
    assert (rows >= 0).all()


@pytest.mark.parametrize("scale", [1e-25, 1e15])
def test_directions_do_not_depend_on_lengths(scale):
    vectors = drawn(100)
    plain = NeighbourIndex.build(vectors).search(vectors[:5], 4)
    scaled = NeighbourIndex.build(vectors * np.float32(scale)).search(vectors[:5], 4)
    assert np.array_equal(plain[1], scaled[1])
    assert np.allclose(plain[0], scaled[0], atol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "l2"])
@pytest.mark.parametrize("partitioned", [False, True])
def test_pairs_within_a_distance_equal_brute_force(metric, partitioned, monkeypatch):
    if partitioned:
        monkeypatch.setattr("seatrial.neighbours.index.EXACT_PAIRS", 100)
    monkeypatch.setattr("seatrial.neighbours.pairs._TILE", 128)
    vectors = clustered(1000, width=8)
    vectors[700:710] = vectors[:10]
    truth = np.triu(cdist(vectors, vectors, "cosine" if metric == "cosine" else "euclidean"), 1)
    truth[np.tril_indices(1000)] = np.inf
    threshold = float(np.quantile(truth[np.isfinite(truth)], 0.002))
    pairs = NeighbourIndex.build(vectors, metric=metric).pairs_within(threshold)
    first, second = np.nonzero(truth <= threshold)
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    wanted = set(zip(first.tolist(), second.tolist(), strict=True))
    assert len(found) == len(pairs)
    assert found == wanted
    assert np.allclose(pairs.distances, truth[pairs.first, pairs.second], atol=1e-5)


def test_too_many_pairs_are_an_error_that_says_why():
    index = NeighbourIndex.build(np.ones((200, 4), np.float32))
    with pytest.raises(InputError, match="more than 1000 pairs .* hardly differ"):
        index.pairs_within(0.1, most=1000)


def test_what_cannot_be_indexed_is_told():
    broken = drawn(10)
    broken[[3, 7], 2] = np.nan
    with pytest.raises(InputError, match=r"NaN or infinity in 2 of 10 vectors: 3, 7"):
        NeighbourIndex.build(broken)
    with pytest.raises(InputError, match=r"at least one, got \(0, 4\)"):
        NeighbourIndex.build(np.empty((0, 4), np.float32))
    with pytest.raises(InputError, match="expected one of cosine, l2, got 'dot'"):
        NeighbourIndex.build(drawn(10), metric="dot")
    index = NeighbourIndex.build(drawn(10))
    with pytest.raises(InputError, match="expected queries of 16 values a vector as in the index, got 8"):
        index.search(drawn(2, width=8), 1)
    with pytest.raises(InputError, match="k: expected at least 1, got 0"):
        index.search(drawn(2), 0)
    with pytest.raises(InputError, match="threshold: expected at least 0, got nan"):
        index.pairs_within(float("nan"))

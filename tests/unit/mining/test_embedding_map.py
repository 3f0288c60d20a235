"""What is alike lies together on the plane, in the same way each time."""

import numpy as np
import pytest

from seatrial.errors import InputError
from seatrial.mining.embedding_map import project


def clusters(n, *, of=5, width=24, seed=0):
    """Draw samples around as many directions, far apart; gives the vectors and the cluster of each."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(of, width)) * 6
    which = np.arange(n) % of
    return (middles[which] + rng.normal(size=(n, width))).astype(np.float32), which


def neighbours_alike(places, which, count=5):
    """Give the share of each sample's nearest on the plane that are of its cluster."""
    far = np.linalg.norm(places[:, None].astype(np.float64) - places[None], axis=2)
    np.fill_diagonal(far, np.inf)
    nearest = np.argsort(far, axis=1)[:, :count]
    return float((which[nearest] == which[:, None]).mean())


@pytest.mark.parametrize("n", [4, 19, 20, 60, 400])
def test_clusters_stay_together(n):
    vectors, which = clusters(n, of=2 if n <= 20 else 5)
    places = project(vectors)
    assert places.shape == (n, 2)
    assert places.dtype == np.float32
    assert neighbours_alike(places, which, count=min(5, n // 2 - 1)) == 1.0


def test_the_same_samples_get_the_same_places():
    vectors, _ = clusters(120)
    assert project(vectors).tobytes() == project(vectors).tobytes()
    assert project(vectors, seed=1).tobytes() != project(vectors).tobytes()


def test_the_number_of_threads_changes_nothing():
    pools = pytest.importorskip("threadpoolctl", reason="needs threadpoolctl")
    vectors, _ = clusters(300, width=128)
    with pools.threadpool_limits(1):
        one = project(vectors)
    with pools.threadpool_limits(4):
        assert project(vectors).tobytes() == one.tobytes()


def test_what_is_not_laid_out_lies_among_what_is_like_it():
    vectors, which = clusters(400)
    places = project(vectors, fitted=100)
    assert neighbours_alike(places, which) == 1.0
    assert np.ptp(places, axis=0).min() > 0


@pytest.mark.parametrize("n", [10, 200])
def test_samples_that_are_all_the_same_lie_on_one_point(n):
    assert not project(np.ones((n, 8), dtype=np.float32)).any()


def test_copies_lie_beside_each_other_and_nothing_is_lost():
    vectors, _ = clusters(60)
    places = project(np.concatenate([vectors, vectors]))
    assert np.isfinite(places).all()
    far = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(far, np.inf)
    twin = np.roll(np.arange(120), 60)
    assert np.median(far[np.arange(120), twin]) < np.median(far.min(axis=1)) * 5


@pytest.mark.parametrize("width", [1, 2])
def test_narrow_embeddings_have_places_too(width):
    vectors, _ = clusters(90, of=2, width=width, seed=3)
    places = project(vectors)
    assert places.shape == (90, 2)
    assert np.isfinite(places).all()


def test_a_row_without_a_direction_has_a_place():
    vectors, _ = clusters(60)
    vectors -= vectors.mean(axis=0)
    vectors[7] = 0
    assert np.isfinite(project(vectors)).all()


def test_a_value_that_is_not_finite_is_refused_by_its_row():
    vectors, _ = clusters(30)
    vectors[4, 2] = np.nan
    vectors[9] = np.inf
    with pytest.raises(InputError, match="row 4 holds a value that is not finite, 2 rows do"):
        project(vectors)

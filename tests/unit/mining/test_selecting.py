"""A subset is balanced over strata, covers the space, and holds nothing twice."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.errors import InputError
from seatrial.mining.selecting import (
    SELECTORS,
    chosen_selector,
    cover_distances,
    even_quotas,
    evenness,
    select_rows,
    strata_of,
)
from seatrial.mining.selecting import cells as cells_module


def directions(n, width=8, seed=0, groups=None):
    """Random directions, or such around a few centres."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n, width))
    if groups is not None:
        found = rng.normal(size=(groups, width))[np.arange(n) % groups] + 0.1 * found
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def radius(vectors, rows):
    return float((1 - vectors @ vectors[list(rows)].T).min(axis=1).max())


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(0, 300))
def test_quotas_are_as_even_as_the_pool_allows(available, size):
    quotas = even_quotas(np.array(available), size)
    assert quotas.sum() == min(size, sum(available))
    assert (quotas <= available).all()
    open_ = [quota for quota, there in zip(quotas.tolist(), available, strict=True) if quota < there]
    assert not open_ or max(quotas) <= min(open_) + 1


@pytest.mark.parametrize("name", SELECTORS)
def test_every_stratum_gets_its_seats_from_its_own_rows(name):
    strata = np.repeat([0, 1, 2], [60, 30, 5])
    found = select_rows(strata, 24, SELECTORS[name], vectors=directions(95))
    assert found.quotas.tolist() == [10, 9, 5]
    assert np.bincount(found.strata).tolist() == [10, 9, 5]
    assert (strata[found.rows] == found.strata).all()
    assert len(set(found.rows.tolist())) == 24


def test_k_centre_is_within_twice_the_best_radius():
    vectors = directions(14, width=3)
    # on the unit sphere the Euclidean distance, for which the bound holds, is √(2 · cosine distance)
    best = min(radius(vectors, rows) for rows in itertools.combinations(range(14), 3))
    found = select_rows(np.zeros(14, int), 3, SELECTORS["k_centre"], vectors=vectors)
    assert np.sqrt(radius(vectors, found.rows)) <= 2 * np.sqrt(best) + 1e-6


def test_facility_location_is_within_1_minus_1_over_e_of_the_best():
    vectors = directions(12, width=3)
    similarity = (1 + vectors @ vectors.T) / 2
    best = max(similarity[list(rows)].max(axis=0).sum() for rows in itertools.combinations(range(12), 3))
    found = select_rows(np.zeros(12, int), 3, SELECTORS["facility_location"], vectors=vectors)
    reached = similarity[found.rows].max(axis=0).sum()
    assert reached >= (1 - 1 / np.e) * best
    assert found.gains.sum() == pytest.approx(reached, rel=1e-5)


def test_lazily_chosen_facilities_are_those_of_the_plain_greedy_choice():
    vectors = directions(80, width=4, seed=3)
    similarity = (1 + vectors @ vectors.T) / 2
    best, plain = np.zeros(80, dtype=np.float32), []
    for _ in range(10):
        gains = np.maximum(similarity - best, 0).sum(axis=1)
        gains[plain] = -1
        plain.append(int(gains.argmax()))
        best = np.maximum(best, similarity[plain[-1]])
    found = select_rows(np.zeros(80, int), 10, SELECTORS["facility_location"], vectors=vectors)
    assert found.rows.tolist() == plain


def test_k_centre_reaches_every_group_where_a_draw_misses_some():
    vectors = directions(400, groups=20, width=16)
    ours = select_rows(np.zeros(400, int), 20, SELECTORS["k_centre"], vectors=vectors)
    drawn = select_rows(np.zeros(400, int), 20, SELECTORS["random"], vectors=vectors)
    assert len(set((ours.rows % 20).tolist())) == 20
    assert len(set((drawn.rows % 20).tolist())) < 20
    covered, by_chance = (cover_distances(vectors, one.rows) for one in (ours, drawn))
    assert covered["largest"] < by_chance["largest"] / 2


@pytest.mark.parametrize("name", SELECTORS)
def test_near_duplicates_of_a_chosen_row_are_replaced(name):
    once = directions(40)
    vectors = np.concatenate([once, once, once])  # each three times
    found = select_rows(np.zeros(120, int), 40, SELECTORS[name], vectors=vectors, near=1e-4)
    assert len(found.rows) == len(set((found.rows % 40).tolist()))
    if name == "k_centre":
        assert len(found.rows) == 40
    for dropped, kept in found.near.tolist():
        assert dropped % 40 == kept % 40


def test_what_is_like_rows_that_are_there_already_is_left_out():
    vectors = np.concatenate([directions(30), directions(30)])
    strata = np.concatenate([np.zeros(30, int), np.full(30, -1)])
    found = select_rows(strata, 10, SELECTORS["random"], vectors=vectors, near=1e-4, chosen=np.arange(30, 45))
    assert len(found.rows) == 10
    assert found.rows.min() >= 15


def test_a_pool_of_nothing_but_copies_gives_one_of_each():
    vectors = np.repeat(directions(3), 20, axis=0)
    found = select_rows(np.zeros(60, int), 10, SELECTORS["k_centre"], vectors=vectors, near=0.01)
    assert sorted((found.rows // 20).tolist()) == [0, 1, 2]


@pytest.mark.parametrize("name", SELECTORS)
def test_in_cells_the_choice_is_as_large_and_covers_nearly_as_well(name, monkeypatch):
    vectors = directions(3000, groups=60, width=16)
    whole = select_rows(np.zeros(3000, int), 120, SELECTORS[name], vectors=vectors)
    monkeypatch.setattr(cells_module, "_WHOLE", 1000)
    parts = select_rows(np.zeros(3000, int), 120, SELECTORS[name], vectors=vectors)
    assert len(parts.rows) == len(whole.rows) == 120
    ours, theirs = (cover_distances(vectors, one.rows)["mean"] for one in (parts, whole))
    assert ours < 2 * theirs


def test_the_same_input_gives_the_same_rows():
    for name in SELECTORS:
        first, second = (
            select_rows(np.arange(200) % 3, 30, SELECTORS[name], vectors=directions(200), near=0.01)
            for _ in range(2)
        )
        assert first.rows.tolist() == second.rows.tolist()
        assert first.reasons == second.reasons


def test_another_seed_draws_others():
    drawn = [
        select_rows(np.zeros(99, int), 9, SELECTORS["random"], seed=seed).rows.tolist() for seed in (1, 2)
    ]
    assert drawn[0] != drawn[1]


def test_strata_are_values_of_texts_and_quartiles_of_numbers():
    table = pa.table({"site": ["a", "b", None, "a"] * 10, "depth": np.arange(40.0)})
    both = strata_of(table, ["site", "depth"])
    assert len(both.names) == 12
    assert both.names[0] == "site=a & depth=(-∞, 9.8)"
    assert strata_of(table, ["site"]).names == ("site=a", "site=b", "site=∅")
    assert strata_of(table, []).names == ("all",)


def test_an_attribute_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match="balance: no attribute 'camera'; there are depth, site"):
        strata_of(pa.table({"site": ["a"], "depth": [1]}), ["camera"])


def test_a_selector_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(
        InputError, match="'best' is not a selector: expected one of k_centre, facility_location"
    ):
        chosen_selector("best")


def test_evenness_is_1_for_equal_counts_and_falls_with_one_sided_ones():
    assert evenness(np.array([7])) == 1
    assert evenness(np.array([5, 5, 5])) == pytest.approx(1)
    assert evenness(np.array([98, 1, 1])) < 0.15

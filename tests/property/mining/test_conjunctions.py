"""The search for conjunctions gives what looking at every one of them gives."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.mining.conjunctions import Coded, ConjunctionOptions, distinct, search, simplified


@st.composite
def problems(draw):
    n = draw(st.integers(1, 60))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    cells = [np.array(draw(st.lists(st.integers(-1, size - 1), min_size=n, max_size=n))) for size in sizes]
    if draw(st.booleans()):
        errors = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)), dtype=np.float64)
    else:
        errors = np.array(draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))) / 4
    options = ConjunctionOptions(
        order=draw(st.integers(1, 4)),
        support=draw(st.integers(1, 8)),
        weight=draw(st.sampled_from([0.3, 0.6, 0.95, 1.0])),
        score=draw(st.sampled_from(["sliceline", "effect"])),
        most=draw(st.sampled_from([1, 3, 1000])),
    )
    return Coded(cells, sizes), errors, options


def every_one(coded, errors, options):
    """Look at every conjunction, as the definition says."""
    n, mean = len(errors), errors.mean()
    found = {}
    for order in range(1, options.order + 1):
        for attributes in combinations(range(len(coded.sizes)), order):
            for cells in product(*(range(coded.sizes[one]) for one in attributes)):
                inside = np.ones(n, dtype=bool)
                for attribute, cell in zip(attributes, cells, strict=True):
                    inside &= coded.cells[attribute] == cell
                size, total = int(inside.sum()), float(errors[inside].sum())
                if size < options.support or total == 0:
                    continue
                if options.score == "sliceline":
                    score = options.weight * (total / size / mean - 1)
                    score -= (1 - options.weight) * (n / size - 1)
                elif size == n:
                    score = 0.0
                else:
                    score = (total / size - errors[~inside].mean()) / (errors.std() or 1.0)
                if score > 0:
                    found[tuple(zip(attributes, cells, strict=True))] = (size, total, score)
    return found


@settings(max_examples=200, deadline=None)
@given(problems())
def test_every_conjunction_is_found_with_its_size_errors_and_score(problem):
    coded, errors, options = problem
    found = search(coded, errors, options)
    expected = every_one(coded, errors, options) if errors.sum() else {}
    best = sorted((score for _, _, score in expected.values()), reverse=True)[: options.most]
    # a score of nothing but rounding may be left out
    best = [score for score in best if score > 1e-9]
    scores = [one.score for one in found if one.score > 1e-9]
    assert scores == pytest.approx(best, rel=1e-9, abs=1e-9)
    for one in found:
        size, total, score = expected.get(one.literals, (one.size, one.errors, one.score))
        assert (one.size, one.errors, one.score) == (size, pytest.approx(total), pytest.approx(score))
        assert coded.of(one.literals, np.arange(len(errors))).sum() == one.size


@settings(max_examples=50, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(problem, random):
    coded, errors, options = problem
    order = np.array(random.sample(range(len(errors)), len(errors)))
    shuffled = Coded([cells[order] for cells in coded.cells], coded.sizes)
    ours, theirs = search(coded, errors, options), search(shuffled, errors[order], options)
    assert [one.score for one in ours] == pytest.approx([one.score for one in theirs])


@settings(max_examples=50, deadline=None)
@given(problems())
def test_what_is_left_of_the_list_repeats_no_errors(problem):
    coded, errors, options = problem
    kept = distinct(search(coded, errors, options), coded, errors, most=20)
    everyone = np.arange(len(errors))
    members = [errors * coded.of(one.literals, everyone) for one in kept]
    for place, later in enumerate(members):
        for earlier in members[:place]:
            assert later[earlier > 0].sum() < 0.8 * later.sum()


@settings(max_examples=50, deadline=None)
@given(problems())
def test_what_stands_for_a_conjunction_is_part_of_it_and_nearly_as_good(problem):
    found = search(*problem)
    short = simplified(found)
    assert {one.literals for one in short} <= {one.literals for one in found}
    for one in found:
        assert any(
            set(said.literals) <= set(one.literals) and said.score >= 0.95 * one.score - 1e-9
            for said in short
        )

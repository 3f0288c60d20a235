"""What must hold of weights, intervals and p-values whatever the data."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.statistics import (
    PoissonWeights,
    benjamini_hochberg,
    bias,
    bootstrap_p_worse,
    holm,
    mcnemar_midp,
    standard_error,
    tango,
    tango_from_error,
    wilson,
    wilson_from_error,
)

groups = st.lists(st.text(max_size=8), min_size=1, max_size=30)
seeds = st.integers(-(2**70), 2**70)
confidences = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])
p_values = st.lists(st.floats(0, 1), max_size=30)
shares = st.one_of(st.floats(0.001, 0.999), st.sampled_from([0.0, 1.0]))
errors = st.floats(0, 0.03).filter(lambda error: error == 0 or error > 1e-9)
numbers = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=50).map(np.array)


@st.composite
def disagreements(draw):
    n = draw(st.integers(1, 500))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


@given(seeds, groups, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_matters_to_the_weights(seed, ids, random):
    order = list(range(len(ids)))
    random.shuffle(order)
    whole = PoissonWeights(seed, ids).block(0, 7)
    shuffled = PoissonWeights(seed, [ids[row] for row in order]).block(0, 7)
    assert np.array_equal(whole[:, order], shuffled)


@given(seeds, groups, st.data())
def test_sharding_never_matters_to_the_weights(seed, ids, data):
    cut = data.draw(st.integers(0, len(ids)))
    shards = [PoissonWeights(seed, part).block(3, 9) for part in (ids[:cut], ids[cut:])]
    assert np.array_equal(np.concatenate(shards, axis=1), PoissonWeights(seed, ids).block(3, 9))


@given(seeds, groups, st.integers(0, 20), st.integers(0, 20))
def test_a_replicate_is_the_same_in_any_block(seed, ids, start, more):
    weights = PoissonWeights(seed, ids)
    assert np.array_equal(weights.block(start, start + more), weights.block(0, start + more)[start:])


@given(st.integers(0, 500), st.integers(0, 500), confidences)
def test_wilsons_interval_holds_the_share_and_mirrors(successes, failures, confidence):
    n = successes + failures
    low, high = wilson(successes, n, confidence)
    assert 0 <= low <= high <= 1
    if n:
        assert low <= successes / n <= high
    assert wilson(failures, n, confidence) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(disagreements(), confidences)
def test_tangos_interval_holds_the_difference_and_mirrors(counts, confidence):
    b, c, n = counts
    low, high = tango(b, c, n, confidence)
    assert -1 <= low <= (b - c) / n <= high <= 1
    assert tango(c, b, n, confidence) == pytest.approx((-high, -low), abs=1e-12)


@given(disagreements())
def test_more_confidence_never_narrows_an_interval(counts):
    b, c, n = counts
    for interval in (lambda at: tango(b, c, n, at), lambda at: wilson(b, n, at)):
        bounds = [interval(confidence) for confidence in (0.5, 0.8, 0.9, 0.95, 0.99)]
        assert all(
            wide[0] <= narrow[0] + 1e-12 and narrow[1] <= wide[1] + 1e-12 for narrow, wide in pairwise(bounds)
        )


@given(st.integers(0, 300), st.integers(0, 300))
def test_better_and_worse_share_the_probability(b, c):
    assert 0 <= mcnemar_midp(b, c) <= 1
    assert mcnemar_midp(b, c) + mcnemar_midp(c, b) == pytest.approx(1, abs=1e-12)


@given(st.integers(0, 300), st.integers(0, 300))
def test_one_more_loss_is_more_evidence(b, c):
    assert mcnemar_midp(b, c + 1) <= mcnemar_midp(b, c) + 1e-15


@given(p_values)
def test_adjusting_never_lowers_a_p_value_and_keeps_their_order(p):
    raw = np.array(p)
    one, two = holm(raw), benjamini_hochberg(raw)
    assert (one >= raw).all()
    assert (two >= raw).all()
    assert (one >= two * (1 - 1e-12)).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(one[order]) >= 0).all()
    assert (np.diff(two[order]) >= 0).all()


@given(p_values.filter(bool), st.randoms(use_true_random=False))
def test_adjusting_does_not_depend_on_the_order(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    for adjust in (holm, benjamini_hochberg):
        assert adjust(np.array(p)[order]).tolist() == adjust(np.array(p))[order].tolist()


@given(shares, errors, st.integers(2, 500), confidences)
def test_an_interval_by_error_holds_the_share_and_mirrors(share, error, units, confidence):
    low, high = wilson_from_error(share, error, units, confidence)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1
    mirrored = wilson_from_error(1 - share, error, units, confidence)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-6)


@given(st.floats(-1, 1), errors, st.integers(2, 500), confidences)
def test_a_paired_interval_by_error_holds_the_difference_and_mirrors(apart, error, units, confidence):
    low, high = tango_from_error(apart, error, 500, units, confidence)
    assert -1 <= low <= apart + 1e-9
    assert apart - 1e-9 <= high <= 1
    assert tango_from_error(-apart, error, 500, units, confidence) == pytest.approx((-high, -low), abs=1e-9)


@given(shares.filter(lambda share: 0 < share < 1), errors.filter(bool), st.integers(2, 500))
def test_a_larger_error_never_narrows_an_interval(share, error, units):
    small, large = (wilson_from_error(share, one, units, 0.95) for one in (error, 1.5 * error))
    assert small[1] - small[0] <= large[1] - large[0] + 1e-12
    small, large = (tango_from_error(share, one, 200, units, 0.95) for one in (error, 1.5 * error))
    assert small[1] - small[0] <= large[1] - large[0] + 1e-9


@given(numbers, st.floats(-1e3, 1e3))
def test_bias_and_error_do_not_depend_on_where_the_numbers_are(values, point):
    assert bias(values + 7, point + 7) == pytest.approx(bias(values, point), abs=1e-9)
    assert standard_error(values + 7, 9) == pytest.approx(standard_error(values, 9), abs=1e-9)


@given(numbers, st.floats(-1, 1), st.integers(1, 500))
def test_the_p_value_of_a_loss_is_that_of_the_mirrored_gain(values, value, units):
    p = bootstrap_p_worse(value, values, units=units, higher_is_better=True)
    assert p == bootstrap_p_worse(-value, -values, units=units, higher_is_better=False)
    assert 0 <= p <= 1

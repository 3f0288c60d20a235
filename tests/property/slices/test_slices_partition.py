"""An axis divides all samples: none is lost, none is in two of its slices, whatever the values."""

import itertools

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from seatrial.slices import Bins, SliceSpec, fit, members

TEXTS = st.lists(st.none() | st.sampled_from(["a", "b", "c d", "x=y", ""]), min_size=1, max_size=30)
FLOATS = st.floats(allow_nan=True, allow_infinity=True, width=32) | st.none() | st.integers(-5, 5).map(float)
BINS = st.builds(Bins, bins=st.sampled_from(["quantile", "fixed"]), n=st.integers(2, 8)) | st.builds(
    lambda edges: Bins(edges=tuple(sorted(edges))),
    st.sets(st.floats(allow_nan=False, allow_infinity=False, width=32), max_size=5),
)


def indices(specs, table):
    slices = members(fit(specs, table), table)
    assert slices[0].name == "all"
    assert len({one.name for one in slices}) == len(slices)
    return slices[1:]


def assert_partition(slices, n):
    rows = np.concatenate([one.index for one in slices]) if slices else np.empty(0)
    assert sorted(rows.tolist()) == list(range(n))
    assert all(np.all(np.diff(one.index) > 0) for one in slices)
    assert all(len(one.index) for one in slices)


@given(values=TEXTS)
def test_the_values_of_an_attribute_divide_the_samples(values):
    slices = indices({"x": SliceSpec(by={"site": None})}, pa.table({"site": pa.array(values, pa.string())}))
    assert_partition(slices, len(values))
    for one in slices:
        wanted = {"∅": None, '""': ""}.get(one.attributes["site"], one.attributes["site"])
        assert [values[row] for row in one.index] == [wanted] * len(one.index)


@given(values=st.lists(FLOATS, min_size=1, max_size=40), bins=BINS, single=st.booleans())
@settings(deadline=None)
def test_bins_divide_the_samples_and_keep_their_order(values, bins, single):
    table = pa.table({"x": pa.array(values, pa.float32() if single else pa.float64())})
    slices = indices({"x": SliceSpec(by={"x": bins})}, table)
    assert_partition(slices, len(values))
    numbers = [values[row] for one in slices for row in one.index if one.attributes["x"] != "∅"]
    ranges = [[values[row] for row in one.index] for one in slices if one.attributes["x"] != "∅"]
    assert all(max(low) < min(high) for low, high in itertools.pairwise(ranges))
    assert len(numbers) == sum(value is not None and not np.isnan(value) for value in values)


@given(values=st.lists(FLOATS, min_size=1, max_size=40), bins=BINS)
@settings(deadline=None)
def test_fitted_bins_choose_the_same_again(values, bins):
    table = pa.table({"x": pa.array(values, pa.float64())})
    fitted = fit({"x": SliceSpec(by={"x": bins})}, table)
    again = SliceSpec.model_validate(fitted["x"].to_policy())
    first, second = members(fitted, table), members({"x": again}, table)
    assert [(one.name, one.index.tolist()) for one in first] == [
        (one.name, one.index.tolist()) for one in second
    ]


@given(values=st.lists(FLOATS, min_size=1, max_size=40), n=st.integers(2, 8), seed=st.integers(0, 99))
@settings(deadline=None)
def test_the_order_of_the_rows_does_not_change_the_bins(values, n, seed):
    order = np.random.default_rng(seed).permutation(len(values))
    spec = {"x": SliceSpec(by={"x": Bins(bins="quantile", n=n)})}
    table = pa.table({"x": pa.array(values, pa.float64())})
    assert fit(spec, table) == fit(spec, table.take(pa.array(order)))


@given(
    rows=st.lists(
        st.tuples(st.none() | st.sampled_from("ab"), st.none() | st.booleans(), FLOATS),
        min_size=1,
        max_size=40,
    )
)
@settings(deadline=None)
def test_a_cross_divides_the_samples(rows):
    site, night, light = (list(column) for column in zip(*rows, strict=True))
    table = pa.table(
        {
            "site": pa.array(site, pa.string()),
            "night": pa.array(night, pa.bool_()),
            "light": pa.array(light, pa.float64()),
        }
    )
    by = {"site": None, "night": None, "light": Bins(bins="quantile", n=3)}
    assert_partition(indices({"x": SliceSpec(by=by)}, table), len(rows))

import numpy as np
import pytest

from seatrial.slices import Bins
from seatrial.slices.bins import bin_labels, bin_of, fit_edges

QUARTILES = Bins(bins="quantile", n=4)


def test_quantile_bins_hold_about_as_many_samples_each():
    values = np.random.default_rng(0).gamma(2.0, size=10_000)
    counts = np.bincount(bin_of(values, fit_edges(values, QUARTILES)))
    assert len(counts) == 4
    assert np.all(np.abs(counts - 2500) <= 50)


def test_fixed_bins_are_of_one_width():
    assert fit_edges(np.array([0.0, 3.0, 10.0]), Bins(bins="fixed", n=4)) == (2.5, 5.0, 7.5)


def test_fitted_edges_read_well():
    values = np.linspace(0.123456789, 0.987654321, 4000)
    assert fit_edges(values, QUARTILES) == (0.34, 0.556, 0.772)


@pytest.mark.parametrize(
    ("tied", "edge"), [(2 / 3, 0.66), (23 / 48, 0.47), (float(np.nextafter(0.25, 1)), 0.25), (7 / 9, 0.77)]
)
def test_an_edge_that_many_samples_share_has_few_digits_and_keeps_each_of_them(tied, edge):
    values = np.concatenate([np.full(60, tied), np.linspace(0.05, 0.2, 30), np.linspace(0.8, 0.95, 30)])
    edges = fit_edges(values, Bins(bins="quantile", n=3))
    assert edge in edges
    assert np.array_equal(values >= edge, values >= tied)


def test_given_edges_stay_as_they_are():
    assert fit_edges(np.array([5.0]), Bins(edges=(1.25, 2.5))) == (1.25, 2.5)


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([], ()),
        ([300.0] * 9, ()),
        ([np.inf, -np.inf, 1.0], ()),
        ([0.0] * 9 + [1.0], (1.0,)),
        ([1.0, 2.0, 3.0], (2.0, 3.0)),
        ([0.0] * 50 + [1, 2, 3, 4, 5, 6.0], ()),
        ([0.0] * 20 + [1, 2, 3, 4, 5, 6.0] * 4, (1.0, 4.0)),
    ],
)
def test_ties_never_make_an_empty_bin(values, edges):
    assert fit_edges(np.array(values), QUARTILES) == edges


def test_an_edge_belongs_to_the_bin_above_it():
    assert bin_of(np.array([0.1, 0.2, 0.3, np.inf, -np.inf]), (0.2, 0.3)).tolist() == [0, 1, 2, 2, 0]
    assert bin_of(np.array([0.7], dtype=np.float32), (0.7,)).tolist() == [1]


def test_bins_are_written_as_half_open_intervals():
    assert bin_labels((0.2, 4.0)) == ("(-∞, 0.2)", "[0.2, 4)", "[4, ∞)")
    assert bin_labels(()) == ("(-∞, ∞)",)


def test_integers_keep_whole_edges():
    assert fit_edges(np.arange(100, 1100), QUARTILES) == (350.0, 600.0, 850.0)

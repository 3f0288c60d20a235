"""Pairs of images that are nearly the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import in_threads
from seatrial.images import LOOK_SIDE
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.near.hashes import candidate_pairs, look_hashes

__all__ = ["AlikePairs", "alike_across", "alike_within", "are_alike"]

#: Deviation, in grey levels, below which a look shows nothing that could be compared.
_BLANK = 3.0

#: Looks that correlate by less than this before they are aligned are not copies of each other.
_UNALIGNED = 0.7

#: Shares of red, green and blue may differ by this much between an image and its copy.
_COLOUR = 0.05

_BLOCK = 2048

_SHARES = ("red_share", "green_share", "blue_share")


@dataclass(frozen=True, slots=True)
class AlikePairs:
    """Pairs of rows.

    Attributes:
        rows: Shape (pairs, 2): rows of the data set and of the data set or the reference.
        correlation: Of their looks, aligned, shape (pairs,), in [−1, 1].
    """

    rows: NDArray[np.int64]
    correlation: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Side:
    rows: NDArray[np.int64]
    looks: NDArray[np.float64]
    hashes: NDArray[np.uint64]
    colours: NDArray[np.float64]


def alike_within(data: MeasuredDataset, rows: NDArray[np.int64], least: float) -> AlikePairs:
    """Find pairs of images that are nearly the same.

    Candidates differ in few bits of their perceptual hash. They are alike where their looks (grey means of a
    24 × 24 grid, smoothed) correlate by at least ``least`` after one has been stretched and shifted onto the
    other, which undoes a crop, and their colours agree. Brightness and contrast do not count.

    Args:
        data: The data set.
        rows: Rows to look at, readable ones; those that show nothing are left out.
        least: Smallest correlation, in (0, 1].
    """
    side = _side(data, rows)
    return _alike(side, side, candidate_pairs(side.hashes), least)


def alike_across(
    data: MeasuredDataset,
    rows: NDArray[np.int64],
    reference: MeasuredDataset,
    reference_rows: NDArray[np.int64],
    least: float,
) -> AlikePairs:
    """Find pairs of an image and one of the reference that are nearly the same, see :func:`alike_within`."""
    here, there = _side(data, rows), _side(reference, reference_rows)
    return _alike(here, there, candidate_pairs(here.hashes, there.hashes), least)


def are_alike(
    data: MeasuredDataset, other: MeasuredDataset, pairs: NDArray[np.int64], least: float
) -> NDArray[np.bool_]:
    """Tell which of some pairs of readable images are nearly the same, see :func:`alike_within`.

    Args:
        data: The data set of the first of each pair.
        other: That of the second.
        pairs: Rows, shape (p, 2).
        least: Smallest correlation, in (0, 1].
    """
    here, there = (_side(one, np.unique(pairs[:, side])) for side, one in enumerate((data, other)))
    found = _alike(here, there, _places(here, there, pairs), least)
    alike = set(map(tuple, found.rows.tolist()))
    return np.array([tuple(pair) in alike for pair in pairs.tolist()], dtype=np.bool_)


def _places(here: _Side, there: _Side, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find pairs of rows on both sides, leaving out those that are not there."""
    places = np.column_stack(
        [np.searchsorted(side.rows, pairs[:, place]) for place, side in enumerate((here, there))]
    )
    there_are = np.isin(pairs[:, 0], here.rows) & np.isin(pairs[:, 1], there.rows)
    return places[there_are]


def _side(data: MeasuredDataset, rows: NDArray[np.int64]) -> _Side:
    places = np.cumsum(data.readable) - 1
    looks = data.looks[places[rows]]
    shows = looks.std(axis=(1, 2)) >= _BLANK
    rows, looks = rows[shows], looks[shows]
    colours = np.column_stack([data.property(name)[rows] for name in _SHARES])
    return _Side(rows, _smoothed(looks), look_hashes(looks), colours)


def _smoothed(looks: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Blur by ¼ ½ ¼ along both axes: looks of copies differ most in what is as fine as the grid."""
    padded = np.pad(looks.astype(np.float32), ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return np.asarray((rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 16, dtype=np.float64)


def _alike(here: _Side, there: _Side, pairs: NDArray[np.int64], least: float) -> AlikePairs:
    from seatrial.quality.near.kernels import correlate_pairs

    pairs = pairs[_plausible(here, there, pairs)]
    correlation = np.empty(len(pairs))

    def block(start: int) -> None:
        part = slice(start, start + _BLOCK)
        correlate_pairs(here.looks, there.looks, pairs[part], least, correlation[part])

    in_threads(block, range(0, len(pairs), _BLOCK))
    alike = correlation >= least
    rows = np.column_stack([here.rows[pairs[alike, 0]], there.rows[pairs[alike, 1]]])
    return AlikePairs(rows, correlation[alike])


def _plausible(here: _Side, there: _Side, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which pairs have the same colours and correlate at all, which costs a hundredth of aligning."""
    kept = np.zeros(len(pairs), np.bool_)
    for start in range(0, len(pairs), _BLOCK):
        one, other = pairs[start : start + _BLOCK].T
        colours = np.abs(here.colours[one] - there.colours[other]).max(axis=1, initial=0) <= _COLOUR
        a, b = (looks.reshape(len(one), LOOK_SIDE**2) for looks in (here.looks[one], there.looks[other]))
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
        scale = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
        kept[start : start + _BLOCK] = colours & ((a * b).sum(axis=1) >= _UNALIGNED * scale)
    return kept

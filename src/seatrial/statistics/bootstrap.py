"""The Poisson bootstrap: hashed weights, and the replicates' standard error, bias and p-value."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from hashlib import blake2b
from math import sqrt

import numpy as np
from numpy.typing import NDArray

__all__ = ["PoissonWeights", "bias", "bootstrap_p_worse", "skewness", "standard_error", "undefined"]

#: A standard error or a loss up to this is rounding.
_ROUNDING = 1e-12


class PoissonWeights:
    """How often each sample is drawn in each bootstrap replicate: Poisson(1), from a hash.

    A weight depends on the seed, the replicate's number and the text of the sample's group alone, so it is
    the same in any order of the rows, in any shard, for any model and on any machine. Samples of one group
    (scene, video, patient) are drawn together.

    The hash is BLAKE2b of the group's text, mixed with the replicate's key by the finaliser of SplitMix64
    (Steele, Lea, Flood 2014, variant 13 of Stafford); the weight is the inverse distribution function of
    Poisson(1) at that hash read as a fraction of 2⁶⁴.

    Args:
        seed: Any integer.
        groups: Group of each sample, shape (n,): the sample's own id where samples are independent.
    """

    def __init__(self, seed: int, groups: Sequence[str]) -> None:
        self._seed = seed
        codes: dict[str, int] = {}
        self._member = np.fromiter(
            (codes.setdefault(group, len(codes)) for group in groups), dtype=np.int64, count=len(groups)
        )
        self._hashes = np.fromiter((_hash(group) for group in codes), dtype=np.uint64, count=len(codes))

    def __len__(self) -> int:
        return len(self._member)

    @property
    def member(self) -> NDArray[np.int64]:
        """Which of the distinct groups each sample is of, numbered in the order of their first samples."""
        return self._member

    def by_group(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Give the weights of the groups in replicates ``start`` to ``stop`` (exclusive).

        The same numbers as :meth:`block`, compiled to machine code: worth the compilation for many samples.

        Returns:
            Shape (groups, stop - start); sample i has the weights of row ``member[i]``.
        """
        from seatrial.statistics.kernels import draw

        keys = np.array([_hash(f"{self._seed}/{one}") for one in range(start, stop)], dtype=np.uint64)
        drawn = np.empty((len(self._hashes), stop - start), dtype=np.uint8)
        draw(self._hashes, keys, _WEIGHT_BY_LEADING_BITS, _THRESHOLDS, drawn)
        return drawn

    def block(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Give the weights of replicates ``start`` to ``stop`` (exclusive), shape (stop - start, n)."""
        drawn = np.empty((stop - start, len(self._hashes)), dtype=np.uint8)
        mixed, shifted = np.empty_like(self._hashes), np.empty_like(self._hashes)
        for row, replicate in enumerate(range(start, stop)):
            np.bitwise_xor(self._hashes, np.uint64(_hash(f"{self._seed}/{replicate}")), out=mixed)
            _finalise(mixed, shifted)
            _poisson(mixed, shifted, drawn[row])
        independent = len(self._hashes) == len(self._member)
        return drawn if independent else drawn[:, self._member]


def standard_error(values: NDArray[np.float64], units: int) -> float:
    """Give a statistic's standard error: the standard deviation of its replicates, made whole for few units.

    Replicates vary around the sample at hand as a variance divided by n and not n − 1 does, so that they are
    too close together by √((n − 1) / n).

    Args:
        values: The statistic in each replicate, shape (R,), at least one defined; NaN is left out.
        units: Independent samples or groups, 2 or more.

    References:
        Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 6.2; Hesterberg (2015), What
        teachers should know about the bootstrap, The American Statistician 69 (narrowness bias).
    """
    return float(np.nanstd(values)) * sqrt(units / (units - 1))


def bias(values: NDArray[np.float64], point: float) -> float:
    """Estimate a statistic's bias: how far its replicates lie from it on average.

    A statistic that noise pushes one way, like a calibration error (up) or a macro F1 over classes of few
    samples (down), is pushed once in the sample and once more in each replicate. A mean over samples has no
    bias, and its replicates show none but for noise.

    Args:
        values: The statistic in each replicate, shape (R,), at least one defined; NaN is left out.
        point: The statistic of the sample itself.

    References:
        Efron, Tibshirani (1993), An Introduction to the Bootstrap, section 10.2.
    """
    return float(np.nanmean(values)) - point


def skewness(values: NDArray[np.float64]) -> float:
    """Give the skewness of replicates: their third central moment over the cube of their deviation.

    Args:
        values: The statistic in each replicate, shape (R,), not all equal; NaN is left out.
    """
    apart = values[~np.isnan(values)] - np.nanmean(values)
    return float((apart**3).mean() / np.sqrt((apart**2).mean()) ** 3)


def undefined(values: NDArray[np.float64]) -> int:
    """Count the replicates in which a statistic is undefined (NaN), e.g. because a class was not drawn."""
    return int(np.count_nonzero(np.isnan(values)))


def bootstrap_p_worse(
    value: float, differences: NDArray[np.float64], *, units: int, higher_is_better: bool
) -> float:
    """Test whether the candidate is worse, from a paired difference and its bootstrap replicates.

    The difference over its bootstrap standard error is held against Student's t. Unlike the share of
    replicates in which the candidate is not worse, it is not bound by the number of replicates, and keeps its
    level far out in the tail, where a correction for many slices looks.

    Args:
        value: Candidate minus champion.
        differences: The same in each replicate, shape (R,); NaN is left out.
        units: Independent samples, or groups, that it rests on.
        higher_is_better: Whether a positive difference favours the candidate.

    Returns:
        One-sided p-value in [0, 1]: half where the two are equal but vary; 1 where there are no replicates or
        fewer than two units, or all replicates agree that the candidate is not worse.

    References:
        Efron, Tibshirani (1993), An Introduction to the Bootstrap, sections 6.2 and 12.4 (standard error, t).
        Cameron, Gelbach, Miller (2008), Bootstrap-based improvements for inference with clustered errors,
        Review of Economics and Statistics 90 (the degrees of freedom: groups less one).
    """
    from scipy.special import stdtr

    gain = value if higher_is_better else -value
    if units < 2 or undefined(differences) == len(differences):  # noqa: PLR2004 - nothing to compare
        return 1.0
    error = standard_error(differences, units)
    if error <= _ROUNDING:
        return 1.0 if gain >= -_ROUNDING else 0.0
    return float(stdtr(units - 1, gain / error))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _finalise(mixed: NDArray[np.uint64], shifted: NDArray[np.uint64]) -> None:
    """Mix 64-bit numbers in place; each bit of the result depends on all bits of the number."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, None)):
        np.right_shift(mixed, np.uint64(shift), out=shifted)
        np.bitwise_xor(mixed, shifted, out=mixed)
        if factor is not None:
            np.multiply(mixed, np.uint64(factor), out=mixed)


def _thresholds() -> NDArray[np.uint64]:
    """Give the distribution function of Poisson(1) in units of 2⁻⁶⁴, as far as 64 bits resolve it."""
    with localcontext() as context:
        context.prec = 60
        term = total = Decimal(-1).exp()
        below = []
        while int(total * 2**64) < 2**64 - 1:
            below.append(int(total * 2**64))
            term /= len(below)
            total += term
    return np.array(below, dtype=np.uint64)


_THRESHOLDS = _thresholds()
_TABLE_BITS = 12
#: Marks the few table entries that hold a threshold, where the leading bits do not settle the weight.
_UNSETTLED = 255


def _table() -> NDArray[np.uint8]:
    """Tabulate the weight by the leading bits of the hash."""
    first = np.arange(2**_TABLE_BITS, dtype=np.uint64) << np.uint64(64 - _TABLE_BITS)
    last = first + np.uint64(2 ** (64 - _TABLE_BITS) - 1)
    low = np.searchsorted(_THRESHOLDS, first, side="right")
    high = np.searchsorted(_THRESHOLDS, last, side="right")
    return np.where(low == high, low, _UNSETTLED).astype(np.uint8)


_WEIGHT_BY_LEADING_BITS = _table()


def _poisson(hashes: NDArray[np.uint64], leading: NDArray[np.uint64], drawn: NDArray[np.uint8]) -> None:
    """Write the weight of each hash into ``drawn``: the number of thresholds at or below it."""
    np.right_shift(hashes, np.uint64(64 - _TABLE_BITS), out=leading)
    np.take(_WEIGHT_BY_LEADING_BITS, leading.view(np.int64), out=drawn, mode="clip")
    unsettled = np.flatnonzero(drawn == _UNSETTLED)
    drawn[unsettled] = np.searchsorted(_THRESHOLDS, hashes[unsettled], side="right")

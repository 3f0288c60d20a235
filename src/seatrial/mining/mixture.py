"""An error-aware mixture: what lies together in embedding space and is mistaken in the same way.

The model of Domino (Eyuboglu et al. 2022, Domino: Discovering Systematic Errors with Cross-Modal Embeddings,
ICLR, section 4.2): the embedding is normal within a component, truth and prediction are categorical, and
their likelihoods count γ times. Unlike there, components start from the cells of the confusion matrix, each
divided as Akaike's information criterion says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, pi

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError

__all__ = ["Mixture", "MixtureOptions"]

#: Rows that are assigned at a time.
_ROWS = 65536

#: Variance that is added to every direction, whose own is one.
_FLOOR = 1e-2

#: Counts that every class has in a component beside those that are seen.
_SMOOTH = 1e-3

#: A direction of less than this share of the greatest variance is rounding.
_FLAT = 1e-9

#: Confusion cells, classes whose rarer mistakes are pooled, and classes of what is right that get components.
_CELLS, _POOLS, _RIGHTS = 40, 20, 30

#: Rows on which it is tried how to divide a cell, rounds of that, and times that it is tried.
_TRIED, _TRIED_ROUNDS, _RESTARTS = 2000, 10, 3

#: The rounds end when the mean likelihood gains no more than this.
_SETTLED = 1e-4


@dataclass(frozen=True, slots=True)
class MixtureOptions:
    """How the mixture is fitted.

    Attributes:
        gamma: How often the likelihoods of truth and prediction count.
        dimensions: Principal components of the embeddings that are looked at.
        splits: Most components that a confusion cell is divided into.
        smallest: Fewest samples of a component.
        rounds: Most rounds of expectation and maximisation.
        rows: Most samples that the mixture is fitted to, half of them errors where there are so many; all
            are assigned.
        seed: Of what is drawn.
    """

    gamma: float = 10.0
    dimensions: int = 8
    splits: int = 8
    smallest: int = 10
    rounds: int = 50
    rows: int = 100_000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: One is out of range.
        """
        for name, least in (("dimensions", 1), ("splits", 1), ("smallest", 2), ("rounds", 1), ("rows", 100)):
            if getattr(self, name) < least:
                raise InputError(f"{name}: expected {least} or more, got {getattr(self, name)}")
        if not self.gamma >= 0:
            raise InputError(f"gamma: expected 0 or more, got {self.gamma}")


@dataclass(frozen=True)
class Mixture:
    """A fitted mixture of S components in k directions.

    Attributes:
        mean: Of the embeddings, shape (d,).
        directions: Shape (d, k): principal components, divided by their standard deviations.
        weights: Shares of the components, shape (S,).
        centres: Shape (S, k).
        variances: Shape (S, k).
        truths: Log-probabilities of the true class, shape (S, C).
        predictions: Log-probabilities of the predicted class, shape (S, C).
        wrong: Share of errors in each component, shape (S,).
        gamma: See :class:`MixtureOptions`.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]
    weights: NDArray[np.float64]
    centres: NDArray[np.float64]
    variances: NDArray[np.float64]
    truths: NDArray[np.float64]
    predictions: NDArray[np.float64]
    wrong: NDArray[np.float64]
    gamma: float

    def __len__(self) -> int:
        return len(self.weights)

    @classmethod
    def fit(
        cls,
        vectors: NDArray[np.float32],
        truth: NDArray[np.integer],
        prediction: NDArray[np.integer],
        error: NDArray[np.bool_],
        options: MixtureOptions | None = None,
    ) -> "Mixture | None":
        """Fit a mixture to samples.

        Args:
            vectors: Embeddings, shape (n, d), finite.
            truth: Class codes, not negative, shape (n,).
            prediction: Class codes, shape (n,).
            error: Which samples count as errors, shape (n,).
            options: How.

        Returns:
            The mixture; None where there are too few errors for a component, or all embeddings are the same.
            The same input gives the same mixture.
        """
        options = options or MixtureOptions()
        if int(error.sum()) < options.smallest:
            return None
        random = np.random.default_rng(options.seed)
        mean, directions = _principal(vectors, options.dimensions)
        if not directions.shape[1]:
            return None
        rows, amounts = _drawn(error, options.rows, random)
        z = (vectors[rows] - mean) @ directions
        of_truth, of_prediction, wrong = truth[rows], prediction[rows], error[rows]
        shares = _start(z, of_truth, of_prediction, wrong, options, random)
        classes = 1 + int(max(truth.max(), prediction.max()))
        fitted, shares = _em(
            z, of_truth, of_prediction, classes, shares, amounts, gamma=options.gamma, rounds=options.rounds
        )
        totals = amounts @ shares
        return cls(
            mean,
            directions,
            fitted.weights,
            fitted.centres,
            fitted.variances,
            fitted.truths,
            fitted.predictions,
            (amounts * wrong) @ shares / np.maximum(totals, 1e-9),
            options.gamma,
        )

    def assign(
        self,
        vectors: NDArray[np.float32],
        truth: NDArray[np.integer],
        prediction: NDArray[np.integer],
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the component of each sample, and how typical it is of that.

        Typical is what is likely in its component and, at half the weight, unlikely among what is right.

        Args:
            vectors: Shape (n, d).
            truth: Class codes, shape (n,); one that was not seen is as any.
            prediction: Class codes, shape (n,).

        Returns:
            Component numbers, shape (n,), and log-likelihood ratios, shape (n,).
        """
        which = np.empty(len(vectors), dtype=np.int64)
        typical = np.empty(len(vectors))
        right = np.flatnonzero(self.wrong < 0.5)  # noqa: PLR2004 - most of it
        components = _Components(self.weights, self.centres, self.variances, self.truths, self.predictions)
        for part in _parts(len(vectors)):
            z = (vectors[part] - self.mean) @ self.directions
            near = components.near(z)
            joint = np.log(self.weights) + near + components.said(truth[part], prediction[part], self.gamma)
            which[part] = best = joint.argmax(axis=1)
            usual = _log_sum(np.log(self.weights[right]) + near[:, right]) if len(right) else np.zeros(len(z))
            typical[part] = near[np.arange(len(z)), best] - usual / 2
        return which, typical


@dataclass(frozen=True)
class _Components:
    weights: NDArray[np.float64]
    centres: NDArray[np.float64]
    variances: NDArray[np.float64]
    truths: NDArray[np.float64]
    predictions: NDArray[np.float64]

    def near(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the log-density of each sample in each component, shape (n, S)."""
        inverse = 1 / self.variances
        constant = (self.centres**2 * inverse + np.log(2 * pi * self.variances)).sum(axis=1)
        return np.asarray(-0.5 * ((z**2) @ inverse.T - 2 * (z @ (self.centres * inverse).T) + constant))

    def said(
        self, truth: NDArray[np.integer], prediction: NDArray[np.integer], gamma: float
    ) -> NDArray[np.float64]:
        """Give the weighed log-probability of truth and prediction in each component, shape (n, S)."""
        last = self.truths.shape[1] - 1
        found = self.truths[:, np.minimum(truth, last)] + self.predictions[:, np.minimum(prediction, last)]
        return np.asarray(gamma * found.T)


def _em(
    z: NDArray[np.float64],
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    classes: int,
    shares: NDArray[np.float64],
    amounts: NDArray[np.float64],
    *,
    gamma: float,
    rounds: int,
) -> tuple[_Components, NDArray[np.float64]]:
    """Maximise the likelihood, from the shares that each sample has in each component, shape (n, S)."""
    before = -np.inf
    components, likelihood = _maximised(z, truth, prediction, classes, shares, amounts), -np.inf
    for _ in range(rounds):
        joint = np.log(components.weights) + components.near(z) + components.said(truth, prediction, gamma)
        total = _log_sum(joint)
        shares = np.exp(joint - total[:, None])
        components = _maximised(z, truth, prediction, classes, shares, amounts)
        likelihood = float(amounts @ total / amounts.sum())
        if likelihood - before < _SETTLED:
            break
        before = likelihood
    return components, shares


def _maximised(
    z: NDArray[np.float64],
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    classes: int,
    shares: NDArray[np.float64],
    amounts: NDArray[np.float64],
) -> _Components:
    weighed = shares * amounts[:, None]
    totals = weighed.sum(axis=0) + 1e-9
    centres = (weighed.T @ z) / totals[:, None]
    variances = np.maximum((weighed.T @ z**2) / totals[:, None] - centres**2, 0) + _FLOOR

    def frequencies(codes: NDArray[np.integer]) -> NDArray[np.float64]:
        counts = np.full((shares.shape[1], classes), _SMOOTH)
        for component in range(shares.shape[1]):
            counts[component] += np.bincount(codes, weights=weighed[:, component], minlength=classes)
        return np.asarray(np.log(counts / counts.sum(axis=1, keepdims=True)))

    return _Components(totals / totals.sum(), centres, variances, frequencies(truth), frequencies(prediction))


def _start(
    z: NDArray[np.float64],
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    error: NDArray[np.bool_],
    options: MixtureOptions,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """Divide the samples by confusion cell, and each cell as its criterion says; shares of shape (n, S)."""
    columns: list[NDArray[np.float64]] = []
    for rows in _cells(truth, prediction, error, options.smallest):
        parts = _divided(z[rows], options, random)
        for component in range(parts.shape[1]):
            column = np.zeros(len(z))
            column[rows] = parts[:, component]
            columns.append(column)
    shares = np.stack(columns, axis=1)
    left = shares.sum(axis=1) == 0
    shares[left] = 1 / shares.shape[1]
    return shares


def _cells(
    truth: NDArray[np.integer], prediction: NDArray[np.integer], error: NDArray[np.bool_], smallest: int
) -> Iterator[NDArray[np.int64]]:
    """Find the samples of the cells with the most errors, of other errors by class, and of what is left.

    What is right comes by class in the same way.
    """
    wrong, right = np.flatnonzero(error), np.flatnonzero(~error)
    both = truth.astype(np.int64) * (int(prediction.max(initial=0)) + 1) + prediction
    for rows, steps in ((wrong, ((both, _CELLS), (truth, _POOLS))), (right, ((truth, _RIGHTS),))):
        left = rows
        for codes, most in steps:
            taken = []
            for code in _frequent(codes[left], most, smallest):
                chosen = left[codes[left] == code]
                taken.append(chosen)
                yield chosen
            if taken:
                left = np.setdiff1d(left, np.concatenate(taken))
        if len(left) >= smallest or (len(left) and len(left) == len(rows)):
            yield left


def _frequent(codes: NDArray[np.integer], most: int, smallest: int) -> list[int]:
    found, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:most]
    return [int(found[place]) for place in order if counts[place] >= smallest]


def _divided(
    z: NDArray[np.float64], options: MixtureOptions, random: np.random.Generator
) -> NDArray[np.float64]:
    """Divide samples into balls of one size, as many as Akaike's criterion says; shares (n, parts)."""
    rows = np.arange(len(z))
    if len(z) > _TRIED:
        rows = np.sort(random.choice(len(z), _TRIED, replace=False))
    tried = z[rows]
    n, width = tried.shape
    best, chosen = np.inf, tried.mean(axis=0, keepdims=True)
    for count in range(1, options.splits + 1):
        if len(z) < count * options.smallest:
            break
        centres, sizes, apart = min(
            (_k_means(tried, count, random) for _ in range(_RESTARTS)), key=lambda found: found[2]
        )
        variance = apart / (n * width) + _FLOOR
        likelihood = float((sizes * np.log(np.maximum(sizes, 1) / n)).sum())
        likelihood -= n * width / 2 * log(2 * pi * variance) + apart / (2 * variance)
        criterion = 2 * (count * (width + 1)) - 2 * likelihood
        if criterion < best:
            best, chosen = criterion, centres
    return np.asarray(np.eye(len(chosen))[_squares(z, chosen).argmin(axis=1)])


def _k_means(
    z: NDArray[np.float64], count: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64], float]:
    """Divide samples by k-means, from centres drawn far apart (k-means++).

    Returns:
        The centres, shape (count, k), how many samples are nearest to each, and the sum of squared distances.
    """
    centres = z[[int(random.integers(len(z)))]]
    for _ in range(1, count):
        apart = _squares(z, centres).min(axis=1)
        total = apart.sum()
        drawn = int(random.choice(len(z), p=apart / total)) if total > 0 else int(random.integers(len(z)))
        centres = np.concatenate([centres, z[[drawn]]])
    for _ in range(_TRIED_ROUNDS):
        which = _squares(z, centres).argmin(axis=1)
        for one in range(count):
            if (which == one).any():
                centres[one] = z[which == one].mean(axis=0)
    squares = _squares(z, centres)
    sizes = np.bincount(squares.argmin(axis=1), minlength=count)
    return centres, sizes, float(squares.min(axis=1).sum())


def _squares(z: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    found = (z**2).sum(axis=1)[:, None] - 2 * z @ centres.T + (centres**2).sum(axis=1)
    return np.asarray(np.maximum(found, 0))


def _drawn(
    error: NDArray[np.bool_], most: int, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw rows to fit to, and how many each of them stands for."""
    if len(error) <= most:
        return np.arange(len(error)), np.ones(len(error))
    wrong, right = np.flatnonzero(error), np.flatnonzero(~error)
    few = min(len(wrong), max(most // 2, most - len(right)))
    rows = [
        np.sort(random.choice(part, count, replace=False))
        for part, count in ((wrong, few), (right, min(len(right), most - few)))
    ]
    amounts = [
        np.full(len(some), len(part) / max(len(some), 1))
        for some, part in zip(rows, (wrong, right), strict=True)
    ]
    return np.concatenate(rows), np.concatenate(amounts)


def _principal(vectors: NDArray[np.float32], most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the directions of the greatest variance, each scaled to a variance of one."""
    width = vectors.shape[1]
    mean = vectors.mean(axis=0, dtype=np.float64)
    spread = np.zeros((width, width))
    for part in _parts(len(vectors)):
        apart = (vectors[part] - mean).astype(np.float64)
        spread += apart.T @ apart
    values, directions = np.linalg.eigh(spread / max(len(vectors) - 1, 1))
    values, directions = values[::-1][:most], directions[:, ::-1][:, :most]
    scale = float((mean**2).sum()) + float(values[0])
    used = values > _FLAT * scale
    directions = directions[:, used]
    # the sign of a direction is a matter of the library: the greatest number is positive
    greatest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[greatest, np.arange(directions.shape[1])])
    return mean, directions / np.sqrt(values[used])


def _parts(size: int) -> Sequence[slice]:
    return [slice(start, start + _ROWS) for start in range(0, size, _ROWS)]


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = values.max(axis=1)
    return np.asarray(largest + np.log(np.exp(values - largest[:, None]).sum(axis=1)))

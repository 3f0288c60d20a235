"""Judges of labels: each says of every sample how much it prefers the given label to the best other one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Judge", "doubts", "margins", "pooled", "weights"]

#: Margins that differ by less are the same: what is left is how a machine adds up.
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Judge:
    """What one way of looking at the samples says of their labels.

    Attributes:
        name: What it is called in the evidence of a finding.
        margin: Belief in the given label less belief in the likeliest other, shape (n,); negative where
            another label is likelier, NaN where it cannot tell.
        probabilities: Its beliefs, shape (n, classes); None where it knows of the given label alone.
    """

    name: str
    margin: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, name: str, probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> "Judge":
        """Make a judge of probabilities, shape (n, classes), for labels, shape (n,)."""
        return cls(name, margins(probabilities, labels), probabilities)


def margins(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the probability of each label less that of the likeliest other class, shape (n,), in [−1, 1]."""
    rows = np.arange(len(labels))
    others = probabilities.copy()
    others[rows, labels] = -np.inf
    return np.asarray(probabilities[rows, labels] - others.max(axis=1, initial=0.0))


def pooled(judges: Sequence[Judge], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average the probabilities of the judges that have some.

    Args:
        judges: At least one of them has probabilities.
        weight: How much each counts, shape (judges,).

    Returns:
        Shape (n, classes); rows sum to one.
    """
    voting = [
        (one.probabilities, part)
        for one, part in zip(judges, weight.tolist(), strict=True)
        if one.probabilities is not None
    ]
    mean = sum(part * probabilities for probabilities, part in voting) / sum(part for _, part in voting)
    return np.asarray(mean / np.sum(mean, axis=1, keepdims=True))


def weights(judges: Sequence[Judge], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weigh judges by how seldom they contradict what they say together.

    A judge's error is the share of samples where it prefers another label and the mean of all does not, or
    the other way round; it counts as one over that error squared. With planted noise on digits and on
    photographs of hands, weighing by errors was better than weighing all the same.

    Args:
        judges: At least one of them has probabilities.
        labels: Given class codes, shape (n,).

    Returns:
        Shape (judges,), summing to one.
    """
    equal = np.full(len(judges), 1 / len(judges))
    wrong = pooled(judges, equal).argmax(axis=1) != labels
    errors = np.array([np.mean((one.margin < 0) != wrong) for one in judges])
    certainty = 1 / np.maximum(errors, 2 / len(labels)) ** 2
    return np.asarray(certainty / certainty.sum())


def doubts(judges: Sequence[Judge], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank samples by each judge's margin and average the ranks.

    Args:
        judges: At least one.
        weight: How much each counts, shape (judges,).

    Returns:
        Shape (n,), in [0, 1]: 1 where every judge doubts no label more, 0 where it doubts none less. A judge
        that cannot tell of a sample puts it in the middle.
    """
    ranks = [part * _doubt(one.margin) for one, part in zip(judges, weight.tolist(), strict=True)]
    return np.asarray(np.sum(ranks, axis=0))


def _doubt(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    known = np.isfinite(margin)
    found = np.full(len(margin), 0.5)
    count = int(known.sum())
    if count > 1:
        found[known] = (rankdata(-margin[known].round(_DIGITS)) - 1) / (count - 1)
    return found

"""Which labels of a classification are doubted, by whom, and what they should be instead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError, MissingExtraError
from seatrial.quality.label_errors.held_out import HeldOut
from seatrial.quality.label_errors.judge import Judge, doubts, pooled, weights
from seatrial.quality.label_errors.neighbour_votes import NeighbourVotes
from seatrial.quality.quiet import quiet

__all__ = ["LabelDoubts", "doubt_labels"]

#: How often embeddings are looked at: each time, labels that were doubted the time before teach nobody.
_ROUNDS = 3

#: Samples that neighbours need to be neighbours of something.
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """How much each label of a classification is doubted.

    Attributes:
        doubt: Shape (n,), in [0, 1]: the weighted mean of the judges' ranks, 1 for the label that all doubt
            most. It orders the samples.
        probabilities: What the judges believe together, shape (n, classes).
        judges: Who was asked.
        weight: How much each counts, shape (judges,).
        estimated: How many labels confident learning holds to be wrong.
    """

    doubt: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    judges: tuple[Judge, ...]
    weight: NDArray[np.float64]
    estimated: int

    def ranked(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give the rows where the judges together prefer another label than the given one, worst first."""
        wrong = np.flatnonzero(self.probabilities.argmax(axis=1) != labels)
        return np.asarray(wrong[np.argsort(-self.doubt[wrong], kind="stable")])


def doubt_labels(
    labels: NDArray[np.int64],
    classes: int,
    *,
    scores: NDArray[np.float32] | None = None,
    embeddings: NDArray[np.float32] | None = None,
    areas: NDArray[np.float64] | None = None,
) -> LabelDoubts:
    """Ask everybody who can tell: a model, a fit on embeddings, neighbours, a training run.

    Args:
        labels: Given class codes, shape (n,).
        classes: How many classes there are.
        scores: A model's probabilities, shape (n, classes), out of sample: the model has not been trained on
            these labels. None where there are none.
        embeddings: Shape (n, width), finite; None where there are none.
        areas: Mean margin of each sample over a training run, see
            :class:`~seatrial.quality.training_dynamics.TrainingDynamics`, shape (n,), NaN where it is
            not known; None where no training was watched.

    Raises:
        InputError: There are neither scores nor embeddings.
        MissingExtraError: cleanlab, or with embeddings FAISS, is not installed.
    """
    given = [] if scores is None else [Judge.of("model", scores.astype(np.float64), labels)]
    if embeddings is not None and len(labels) >= _FEWEST:
        given += _embedded(labels, classes, embeddings, given)
    if not given:
        raise InputError("expected a model's probabilities or embeddings to judge labels by, got neither")
    if areas is not None:
        given.append(Judge("training", areas))
    weight = weights(given, labels)
    together = pooled(given, weight)
    return LabelDoubts(doubts(given, weight), together, tuple(given), weight, _estimated(labels, together))


def _embedded(
    labels: NDArray[np.int64], classes: int, embeddings: NDArray[np.float32], given: Sequence[Judge]
) -> list[Judge]:
    """Ask neighbours and a held-out fit, again and again without the labels that are doubted."""
    near = NeighbourVotes.on(embeddings)
    fit = HeldOut.on(embeddings, near.tenth)
    trusted: NDArray[np.bool_] | None = None
    asked: list[Judge] = []
    for _ in range(_ROUNDS):
        asked = [
            Judge.of("neighbours", near.probabilities(labels, classes, trusted), labels),
            Judge.of("embeddings", fit.probabilities(labels, classes, trusted), labels),
        ]
        everybody = [*given, *asked]
        together = pooled(everybody, np.full(len(everybody), 1 / len(everybody)))
        trusted = together.argmax(axis=1) == labels
    return asked


def _estimated(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> int:
    """Count wrong labels by confident learning (Northcutt et al. 2021), among the classes that occur."""
    try:
        from cleanlab.count import num_label_issues
    except ImportError as error:
        raise MissingExtraError("cleanlab", "quality") from error
    present, codes = np.unique(labels, return_inverse=True)
    if len(present) < 2:  # noqa: PLR2004 - labels of one class cannot be told from each other
        return 0
    among = probabilities[:, present]
    beliefs = among / among.sum(axis=1, keepdims=True).clip(1e-12)
    with quiet():
        # its other ways to count find a fifth fewer of the labels that were planted on digits
        return int(num_label_issues(codes, beliefs, estimation_method="off_diagonal_calibrated"))

"""Metrics of probabilities: log loss, Brier score, expected calibration error; the reliability diagram."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.classification import ClassificationSamples
from seatrial.metrics.sufficient import Additive, Key, Support, divide, stacked, summing, total

__all__ = ["BINS", "ProbabilityErrors", "bin_of", "diagram", "reliability"]

#: Equal-width bins of the expected calibration error, as in Guo et al. (2017).
BINS = 15

_NO_SCORES = "the evaluation holds no class probabilities"


class ProbabilityErrors(Additive):
    """Log loss, Brier score and expected calibration error.

    The first two are weighted means over samples. The third is ``sum over bins |sum in bin of w (confidence -
    correct)| / sum of w`` (Guo et al. 2017, On calibration of modern neural networks, equation 3).

    Args:
        samples: All samples.
        index: Which of them, shape (m,).
        metrics: Some of ``log_loss``, ``brier``, ``ece``.
    """

    def __init__(
        self, samples: ClassificationSamples, index: NDArray[np.int64], metrics: Sequence[str]
    ) -> None:
        self._size = len(index)
        self._reasons = {metric: _reason(samples, metric) for metric in metrics}
        rows = {
            metric: _rows(samples, index, metric) for metric, reason in self._reasons.items() if not reason
        }
        ends = np.cumsum([matrix.shape[0] for matrix in rows.values()]).tolist()
        #: where each metric's sums stand; the sum of the weights is the last
        self._place = {
            metric: slice(end - matrix.shape[0], end)
            for (metric, matrix), end in zip(rows.items(), ends, strict=True)
        }
        self.sums = stacked([*rows.values(), _weights(len(index))])

    def support(self) -> dict[Key, Support]:
        """Say what each metric rests on; without class probabilities none has a value."""
        return {
            (metric, None): Support(0 if reason else self._size, reason)
            for metric, reason in self._reasons.items()
        }

    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the metrics from the sums, shape (k, R)."""
        return {
            (metric, None): divide(total(np.abs(sums[place])), sums[-1])
            for metric, place in self._place.items()
        }


def reliability(
    samples: ClassificationSamples, index: NDArray[np.int64], bins: int = BINS
) -> list[dict[str, Any]]:
    """Compare confidence and accuracy, bin by bin.

    Args:
        samples: All samples.
        index: Which of them, shape (m,).
        bins: Equal-width bins over [0, 1]; a bin holds its upper edge and not its lower one.

    Returns:
        For each bin that holds samples: ``low``, ``high``, ``n``, mean ``confidence`` and ``accuracy``.
        Empty where the confidences are unknown.
    """
    confidences = samples.confidences
    return [] if confidences is None else diagram(confidences[index], samples.correct[index], bins)


def diagram(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = BINS
) -> list[dict[str, Any]]:
    """Compare confidences, shape (m,), with what is correct, bin by bin; see :func:`reliability`."""
    edges = np.linspace(0, 1, bins + 1)
    of_bin = bin_of(confidences, bins)
    n = np.bincount(of_bin, minlength=bins)
    confidence = np.bincount(of_bin, weights=confidences, minlength=bins)
    right = np.bincount(of_bin, weights=correct, minlength=bins)
    return [
        {
            "low": float(edges[one]),
            "high": float(edges[one + 1]),
            "n": int(n[one]),
            "confidence": float(confidence[one] / n[one]),
            "accuracy": float(right[one] / n[one]),
        }
        for one in np.flatnonzero(n).tolist()
    ]


def bin_of(confidences: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    """Number the bins of equal width that confidences in [0, 1] fall in; a bin holds its upper edge."""
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(inner, confidences, side="left").astype(np.int64)


def _reason(samples: ClassificationSamples, metric: str) -> str:
    if metric == "ece":
        known = samples.confidences is not None
        return "" if known else "the evaluation holds neither class probabilities nor confidences"
    if samples.scores is None:
        return _NO_SCORES
    return "" if len(samples.classes) > 1 else "needs a model of at least two classes"


def _rows(samples: ClassificationSamples, index: NDArray[np.int64], metric: str) -> Any:
    columns = np.arange(len(index))
    if metric == "ece":
        assert samples.confidences is not None
        confidences = samples.confidences[index]
        gaps = confidences - samples.correct[index]
        return summing(bin_of(confidences, BINS), columns, gaps, (BINS, len(index)))
    errors = samples.losses if metric == "log_loss" else samples.squared_errors
    assert errors is not None
    return summing(np.zeros_like(columns), columns, errors[index], (1, len(index)))


def _weights(size: int) -> Any:
    columns = np.arange(size)
    return summing(np.zeros_like(columns), columns, np.ones(size), (1, size))

"""Metrics of right and wrong: accuracy, and precision, recall and F1 by class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seatrial.metrics.classification import ClassificationSamples
from seatrial.metrics.sufficient import Additive, Key, Support, divide, summing, total

__all__ = ["ClassCounts"]


class ClassCounts(Additive):
    """Accuracy, precision, recall and F1 from three sums per class.

    The sums are the weights of the class's samples that are found (true positives), those that are missed
    (false negatives), and those of other classes taken for it (false positives). They suffice: no matrix of
    classes by classes is ever built.

    Args:
        samples: All samples.
        index: Which of them, shape (m,).
        metrics: Some of ``accuracy``, ``precision``, ``recall``, ``f1``.
        per_class: Whether to give the last three by class, too.
    """

    def __init__(
        self,
        samples: ClassificationSamples,
        index: NDArray[np.int64],
        metrics: Sequence[str],
        *,
        per_class: bool,
    ) -> None:
        self._metrics = metrics
        self._per_class = per_class
        self._classes = samples.classes
        self._size = len(index)
        truth, prediction, correct = samples.truth[index], samples.prediction[index], samples.correct[index]
        #: codes of the classes that occur; the sums have one row for each
        occurs = np.bincount(truth, minlength=len(samples.classes)) > 0
        occurs |= np.bincount(prediction, minlength=len(samples.classes)) > 0
        self._present = np.flatnonzero(occurs)
        place = (np.cumsum(occurs) - 1)[np.stack([truth, prediction])]
        k = len(self._present)
        wrong = np.flatnonzero(~correct)
        rows = np.concatenate([np.where(correct, place[0], k + place[0]), 2 * k + place[1][wrong]])
        columns = np.concatenate([np.arange(self._size), wrong])
        self.sums = summing(rows, columns, np.ones(len(rows)), (3 * k, self._size))

    def support(self) -> dict[Key, Support]:
        """Say what each metric rests on; a class that does not occur has no value."""
        sums = self._by_class(self.sums @ np.ones((self._size, 1)))
        found, missed, mistaken = sums[:, :, 0].astype(np.int64)
        overall = Support(self._size)
        result: dict[Key, Support] = {(metric, None): overall for metric in self._metrics}
        if not self._per_class:
            return result
        counts = {code: row for row, code in enumerate(self._present.tolist())}
        for code, name in enumerate(self._classes):
            row = counts.get(code)
            of_class = 0 if row is None else int(found[row] + missed[row])
            predicted = 0 if row is None else int(found[row] + mistaken[row])
            either = 0 if row is None else int(found[row] + missed[row] + mistaken[row])
            every = {
                "precision": _support(predicted, f"no sample is predicted as {name!r}"),
                "recall": _support(of_class, f"no sample of class {name!r}"),
                "f1": _support(either, f"no sample of class {name!r} and none predicted as it"),
            }
            result |= {(metric, name): every[metric] for metric in self._metrics if metric in every}
        return result

    def of_sums(self, sums: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the metrics from the sums, shape (3 × classes that occur, R)."""
        found, missed, mistaken = self._by_class(sums)
        result: dict[Key, NDArray[np.float64]] = {}
        drawn = np.count_nonzero(found + missed + mistaken, axis=0).astype(np.float64)
        for metric in self._metrics:
            if metric == "accuracy":
                right = total(found)
                result[metric, None] = divide(right, right + total(missed))
                continue
            upper, lower = _ratio(metric, found, missed, mistaken)
            by_class = divide(upper, lower, otherwise=0.0)
            result[metric, None] = divide(total(by_class), drawn)
            if self._per_class:
                by_class[lower <= 0] = np.nan
                for row, code in enumerate(self._present.tolist()):
                    result[metric, self._classes[code]] = by_class[row]
        return result

    def _by_class(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give found, missed and mistaken, shape (3, classes that occur, R)."""
        return sums.reshape(3, len(self._present), sums.shape[1])


def _support(n: int, reason: str) -> Support:
    return Support(n) if n else Support(0, reason)


def _ratio(
    metric: str, found: NDArray[np.float64], missed: NDArray[np.float64], mistaken: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    match metric:
        case "precision":
            return found, found + mistaken
        case "recall":
            return found, found + missed
        case _:
            return 2 * found, 2 * found + missed + mistaken

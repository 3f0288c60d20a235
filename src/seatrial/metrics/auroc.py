"""Area under the ROC curve: sort once per class, then re-weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import examples
from seatrial.metrics.classification import ClassificationSamples
from seatrial.metrics.sufficient import Key, Support, divide, total

__all__ = ["RankedClasses"]

_BINARY = 2


class RankedClasses:
    """AUROC of each class against the rest, and their mean.

    With two classes the overall value is that of the second class, as in scikit-learn. With more it is the
    mean over all classes of the model, and has no value where one of them has no sample.

    Args:
        samples: All samples.
        index: Which of them, shape (m,).
        per_class: Whether to give the value of each class, too.
    """

    def __init__(self, samples: ClassificationSamples, index: NDArray[np.int64], *, per_class: bool) -> None:
        self._samples = samples
        self._index = index
        self._classes = samples.classes
        self._size = len(index)
        self._of_class = np.bincount(samples.truth[index], minlength=len(samples.classes))
        self._known = samples.scores is not None
        self._per_class = per_class
        self._overall = self._overall_reason()
        #: Codes of the classes that have to be ranked.
        self.needed = tuple(self._needed())

    def support(self) -> dict[Key, Support]:
        """Say what each value rests on; a class without samples, or alone, cannot be ranked."""
        reasons: dict[str | None, str] = {None: self._overall}
        if self._per_class:
            reasons |= {name: self._class_reason(code) for code, name in enumerate(self._classes)}
        return {
            ("auroc", name): Support(0 if reason else self._size, reason) for name, reason in reasons.items()
        }

    def values(self, weights: NDArray[np.float64]) -> dict[Key, NDArray[np.float64]]:
        """Compute the values under R sets of weights, shape (m, R)."""
        if weights.shape[1] == 1 and (weights == 1).all():
            return self.of_areas({code: _area(*self._of(code)) for code in self.needed})
        return self.of_areas({code: ranking.area(weights) for code, ranking in self._rankings.items()})

    def of_areas(self, areas: Mapping[int, NDArray[np.float64]]) -> dict[Key, NDArray[np.float64]]:
        """Compute the values from the area of each class that is needed, by its code, each of shape (R,)."""
        result: dict[Key, NDArray[np.float64]] = {}
        if not self._overall:
            binary = len(self._classes) == _BINARY
            result["auroc", None] = areas[1] if binary else total(np.stack(list(areas.values()))) / len(areas)
        if self._per_class:
            result |= {("auroc", self._classes[code]): area for code, area in areas.items()}
        return result

    def _needed(self) -> list[int]:
        if self._per_class:
            return [code for code in range(len(self._classes)) if not self._class_reason(code)]
        if self._overall:
            return []
        return [1] if len(self._classes) == _BINARY else list(range(len(self._classes)))

    def _overall_reason(self) -> str:
        if not self._known:
            return "the evaluation holds no class probabilities"
        absent = [name for name, n in zip(self._classes, self._of_class.tolist(), strict=True) if not n]
        if absent:
            return f"no sample of {len(absent)} of {len(self._classes)} classes: {examples(absent)}"
        return "needs a model of at least two classes" if len(self._classes) < _BINARY else ""

    def _class_reason(self, code: int) -> str:
        if not self._known:
            return "the evaluation holds no class probabilities"
        if self._of_class[code] == 0:
            return f"no sample of class {self._classes[code]!r}"
        if self._of_class[code] == self._size:
            return f"all samples are of class {self._classes[code]!r}"
        return ""

    @cached_property
    def _rankings(self) -> dict[int, "_Ranking"]:
        return {code: _Ranking.of(*self._of(code)) for code in self.needed}

    def _of(self, code: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Give each sample's score for a class, and whether it is of the class."""
        assert self._samples.scores is not None
        return self._samples.scores[self._index, code], self._samples.truth[self._index] == code


def _area(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count the pairs that are ranked right, ties half, over all pairs, shape (1,); no weights, no sums."""
    others = np.sort(scores[~positive])
    hits = scores[positive]
    below = (
        np.searchsorted(others, hits, side="left").sum() + np.searchsorted(others, hits, side="right").sum()
    )
    return np.array([below / 2 / (len(hits) * len(others))])


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Samples in the order of one class's score, cut where samples of the class stand.

    Attributes:
        runs: Sparse sums, shape (runs, m): each run is a group of equal scores that holds the class, or
            all scores between two such groups.
        hits: Sparse sums over the class's samples alone, shape (groups, m).
        holds: Which runs are such a group, bool, shape (runs,).
    """

    runs: Any
    hits: Any
    holds: NDArray[np.bool_]

    @classmethod
    def of(cls, scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> "_Ranking":
        """Sort by score, shape (m,); at least one sample is positive."""
        from scipy.sparse import csr_array

        m = len(scores)
        order = np.argsort(scores, kind="stable").astype(np.int32)
        ordered, hit = scores[order], positive[order]
        group = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        hits_in_group = np.add.reduceat(hit.astype(np.int32), group)
        holds = hits_in_group > 0
        cut = holds | np.concatenate([[True], holds[:-1]])
        ones = np.ones(m)
        bounds = np.concatenate([group[cut], [m]])
        ends = np.concatenate([[0], np.cumsum(hits_in_group[holds])])
        found = order[hit]
        return cls(
            csr_array((ones, order, bounds), shape=(len(bounds) - 1, m)),
            csr_array((ones[: len(found)], found, ends), shape=(len(ends) - 1, m)),
            holds[cut],
        )

    def area(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weigh the pairs that are ranked right, ties half, over all pairs; shape (R,)."""
        hits: NDArray[np.float64] = self.hits @ weights
        misses: NDArray[np.float64] = self.runs @ weights
        misses[self.holds] -= hits
        below = np.cumsum(misses, axis=0) - misses / 2
        won = total(hits * below[self.holds])
        return divide(won, total(hits) * total(misses))

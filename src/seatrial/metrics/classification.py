"""What a classifier said of each labelled sample, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationTable
from seatrial.metrics.probabilities import Probabilities
from seatrial.metrics.saliency import read_off_core, saliency_groups
from seatrial.metrics.sufficient import Group

__all__ = ["ClassificationSamples"]

_COUNTS = ("accuracy", "precision", "recall", "f1")
_PROBABILITIES = ("log_loss", "brier", "ece")

_ROWS_AT_A_TIME = 4096

#: Pairs of classes that are counted in a table of all of them; of more, those that occur are sorted.
_FEW_CELLS = 1 << 14


@dataclass(frozen=True)
class ClassificationSamples:
    """Truth, prediction and class probabilities of n labelled samples.

    Attributes:
        truth: Class codes, int32, shape (n,): places in ``classes``.
        prediction: Class codes, int32, shape (n,).
        scores: Class probabilities, shape (n, C), each row summing to one: an array of float64, or what gives
            one for some rows; None where unknown.
        classes: Class names in the order of the model's outputs.
        confidence: Confidence of the prediction, float64, shape (n,), in [0, 1], for calibration where
            there are no scores; None where unknown.
        off_core: Share of each sample's saliency outside of the core, float64, shape (n,), in [0, 1], NaN
            where unknown; None where nothing was explained.
    """

    truth: NDArray[np.int32]
    prediction: NDArray[np.int32]
    scores: NDArray[np.float64] | Probabilities | None
    classes: tuple[str, ...]
    confidence: NDArray[np.float64] | None = None
    off_core: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        """Check shapes and codes.

        Raises:
            InputError: The arrays differ in length, or a code is no place in ``classes``.
        """
        n, size = len(self.truth), len(self.classes)
        shapes = {"prediction": (n,), "scores": (n, size), "confidence": (n,), "off_core": (n,)}
        for name, expected in shapes.items():
            values = getattr(self, name)
            if values is not None and values.shape != expected:
                raise InputError(f"{name}: expected shape {expected}, got {values.shape}")
        for name in ("truth", "prediction"):
            codes = getattr(self, name)
            if n and not (codes.min() >= 0 and codes.max() < size):
                raise InputError(
                    f"{name}: expected class codes from 0 to {size - 1}, got {codes.min()} to {codes.max()}"
                )

    def __len__(self) -> int:
        return len(self.truth)

    @classmethod
    def from_evaluation(cls, table: EvaluationTable) -> tuple["ClassificationSamples", NDArray[np.int64]]:
        """Take the labelled rows of an evaluation.

        Returns:
            The samples, and the row number (from 0) of each in ``table``, ascending. Scores are looked at in
            float64, each row divided by its sum.

        Raises:
            InputError: The evaluation is of another task, a label or prediction is not a class, or the
                scores of a row are not probabilities; the message names row (from 1), id and column.
        """
        if table.header.task != "classification":
            raise InputError(f"{table.header.model}: expected a classification, got {table.header.task}")
        label = table.samples.column("label")
        rows = np.flatnonzero(label.is_valid().to_numpy()).astype(np.int64)
        whole = len(rows) == len(table)
        kept = table.samples if whole else table.samples.take(pa.array(rows))
        scores = table.scores if whole or table.scores is None else table.scores[rows]
        classes = table.header.classes
        samples = cls(
            _codes(kept, rows, "label", classes),
            _codes(kept, rows, "prediction", classes),
            None if scores is None else _probabilities(scores, kept, rows, classes),
            classes,
            _confidence(kept),
            read_off_core(table, rows),
        )
        return samples, rows

    def groups(self, index: NDArray[np.int64], metrics: Sequence[str], *, per_class: bool) -> list[Group]:
        """Prepare metrics on some of the samples, see :class:`~seatrial.metrics.sufficient.Samples`."""
        from seatrial.metrics.auroc import RankedClasses
        from seatrial.metrics.calibration import ProbabilityErrors
        from seatrial.metrics.counts import ClassCounts

        groups: list[Group] = []
        counts = [name for name in metrics if name in _COUNTS]
        if counts:
            groups.append(ClassCounts(self, index, counts, per_class=per_class))
        probabilities = [name for name in metrics if name in _PROBABILITIES]
        if probabilities:
            groups.append(ProbabilityErrors(self, index, probabilities))
        if "auroc" in metrics:
            groups.append(RankedClasses(self, index, per_class=per_class))
        return groups + saliency_groups(self.off_core, index, metrics)

    def confusion(self, index: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Count how often each class was taken for each.

        Args:
            index: Which of the samples, shape (m,).

        Returns:
            (truth code, prediction code, count) of every pair that occurs, sorted by truth, then prediction.
        """
        size = len(self.classes)
        cells = self.truth[index].astype(np.int64) * size + self.prediction[index]
        if size * size <= max(len(index), _FEW_CELLS):
            every = np.bincount(cells, minlength=size * size)
            found = np.flatnonzero(every)
            counts = every[found]
        else:
            found, counts = np.unique(cells, return_counts=True)
        return [
            (cell // size, cell % size, n) for cell, n in zip(found.tolist(), counts.tolist(), strict=True)
        ]

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the prediction is the truth, shape (n,)."""
        return np.equal(self.truth, self.prediction)

    @cached_property
    def losses(self) -> NDArray[np.float64] | None:
        """Cross-entropy of each sample in nats, shape (n,); None without scores.

        Probabilities are kept a rounding step away from 0 and 1, as in scikit-learn.
        """
        if self.scores is None:
            return None
        step = np.finfo(np.float64).eps
        picked = self.scores[np.arange(len(self)), self.truth]
        return np.asarray(-np.log(np.clip(picked, step, 1 - step)))

    @cached_property
    def squared_errors(self) -> NDArray[np.float64] | None:
        """Squared distance of the probabilities from the truth, shape (n,); None without scores.

        Halved where there are two classes, as is customary (and scikit-learn's default).
        """
        if self.scores is None:
            return None
        errors = np.empty(len(self))
        for start in range(0, len(self), _ROWS_AT_A_TIME):
            part = slice(start, start + _ROWS_AT_A_TIME)
            distance = np.array(self.scores[part])
            distance[np.arange(len(distance)), self.truth[part]] -= 1
            errors[part] = np.square(distance).sum(axis=1)
        return errors / 2 if len(self.classes) == 2 else errors  # noqa: PLR2004 — binary

    @cached_property
    def confidences(self) -> NDArray[np.float64] | None:
        """Probability given to the prediction, shape (n,): from the scores, or else as it was given."""
        if self.scores is None:
            return self.confidence
        return self.scores[np.arange(len(self)), self.prediction]


def _codes(
    kept: pa.Table, rows: NDArray[np.int64], column: str, classes: tuple[str, ...]
) -> NDArray[np.int32]:
    values = kept.column(column).cast(pa.string())
    found = pc.index_in(values, value_set=pa.array(classes, pa.string())).combine_chunks()
    if found.null_count:
        place = int(np.flatnonzero(found.is_null().to_numpy(zero_copy_only=False))[0])
        where = f"{_where(kept, rows, place)}, column {column!r}"
        raise InputError(f"{where}: expected one of {examples(classes)}, got {values[place].as_py()!r}")
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int32)


def _probabilities(
    scores: NDArray[np.float32], kept: pa.Table, rows: NDArray[np.int64], classes: tuple[str, ...]
) -> Probabilities:
    if scores.shape[1] != len(classes):
        raise InputError(
            f"scores: expected {len(classes)} columns, one for each class, got {scores.shape[1]}"
        )
    sums = np.empty(len(scores))
    for start in range(0, len(scores), _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        given = scores[part].astype(np.float64)
        sums[part] = given.sum(axis=1)
        sure = np.isfinite(sums[part]) & (sums[part] > 0) & (given >= 0).all(axis=1)
        for place in (np.flatnonzero(~sure) + start).tolist():
            where, got = _where(kept, rows, place), examples(scores[place].tolist())
            raise InputError(f"{where}: expected probabilities of {len(classes)} classes, got {got}")
    return Probabilities(scores, sums)


def _confidence(kept: pa.Table) -> NDArray[np.float64] | None:
    if "confidence" not in kept.column_names:
        return None
    column = kept.column("confidence")
    if column.null_count or not pa.types.is_floating(column.type):
        return None
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _where(kept: pa.Table, rows: NDArray[np.int64], place: int) -> str:
    return f"row {rows[place] + 1} (id {kept.column('id')[place].as_py()!r})"

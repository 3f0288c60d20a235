"""Which samples to look at: what the candidate broke, what it fixed, what nobody gets right."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.reporting.inputs import ReportInputs

__all__ = ["Mistake", "MistakeGroup", "mistake_groups"]

_TOP_SCORES = 5
_DETAILS = 40


@dataclass(frozen=True, slots=True)
class Mistake:
    """One sample worth a look.

    Attributes:
        id: Sample id.
        uri: Where its image is; None where unknown.
        label: Truth.
        prediction: What the candidate says.
        confidence: How sure it is, in [0, 1]; None where unknown.
        baseline_prediction: What the champion says; None without a champion.
        baseline_confidence: How sure that one is.
        focus: Slices of blocking decisions that hold the sample.
        attributes: Metadata and image properties.
        scores: The candidate's most probable classes with their probabilities.
        baseline_scores: The champion's.
    """

    id: str
    uri: str | None
    label: str
    prediction: str
    confidence: float | None
    baseline_prediction: str | None
    baseline_confidence: float | None
    focus: tuple[str, ...]
    attributes: dict[str, Any]
    scores: tuple[tuple[str, float], ...] = ()
    baseline_scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class MistakeGroup:
    """Samples that belong together, those of blocking slices first, the most confident first.

    Attributes:
        key: ``broken``, ``fixed`` or ``wrong``.
        total: How many there are in all.
        n: Labelled samples that were looked at.
        mistakes: The ones to show.
        focus: How many of all lie in each slice of a blocking decision.
    """

    key: str
    total: int
    n: int
    mistakes: tuple[Mistake, ...]
    focus: dict[str, int]


def mistake_groups(
    inputs: ReportInputs, focus: dict[str, NDArray[np.int64]], most: int
) -> list[MistakeGroup]:
    """Choose the samples to show.

    Args:
        inputs: The evaluations; only labelled samples are looked at.
        focus: Row numbers of the candidate's table by slice, for the slices that matter most.
        most: Most samples to choose in all.

    Returns:
        With a champion: broken (right before, wrong now), fixed, and wrong in both; without one: wrong.
        Empty where the task's table holds no single prediction per image.
    """
    table = inputs.candidate
    if not {"label", "prediction"} <= set(table.samples.column_names):
        return []
    label, prediction = _texts(table, "label"), _texts(table, "prediction")
    known = np.array([one is not None for one in label], dtype=bool)
    right = label == prediction
    partner = _partners(table, inputs.baseline)
    if inputs.baseline is None:
        kinds = {"wrong": known & ~right}
    else:
        both = known & (partner >= 0)
        before = np.zeros(len(label), dtype=bool)
        before[both] = _texts(inputs.baseline, "prediction")[partner[both]] == label[both]
        kinds = {
            "broken": both & before & ~right,
            "fixed": both & ~before & right,
            "wrong": both & ~before & ~right,
        }
    quota = dict(zip(kinds, _quotas([int(mask.sum()) for mask in kinds.values()], most), strict=True))
    inside = {name: np.isin(np.arange(len(label)), rows) for name, rows in focus.items()}
    chooser = _Chooser(inputs, inside, partner)
    return [
        MistakeGroup(
            key,
            int(mask.sum()),
            int(known.sum()),
            tuple(chooser.describe(row) for row in chooser.choose(mask, quota[key], focused=key == "broken")),
            {name: int((mask & member).sum()) for name, member in inside.items()},
        )
        for key, mask in kinds.items()
    ]


class _Chooser:
    """Ranks and describes rows of one comparison."""

    def __init__(
        self, inputs: ReportInputs, inside: dict[str, NDArray[np.bool_]], partner: NDArray[np.int64]
    ) -> None:
        self._table, self._baseline = inputs.candidate, inputs.baseline
        self._inside, self._partner = inside, partner
        self._ids = _texts(self._table, "id")
        self._confidence = _confidences(self._table)

    def choose(self, mask: NDArray[np.bool_], most: int, *, focused: bool) -> list[int]:
        """Rank rows: where asked for, in a blocking slice first; then the most confident, then by id."""
        rows = np.flatnonzero(mask)
        focus = np.zeros(len(mask), dtype=bool)
        for member in self._inside.values() if focused else ():
            focus |= member
        ranked = sorted(rows, key=lambda row: (not focus[row], -self._confidence[row], str(self._ids[row])))
        return [int(row) for row in ranked[:most]]

    def describe(self, row: int) -> Mistake:
        """Gather what is known of one sample."""
        sample = self._table.samples.slice(row, 1).to_pylist()[0]
        at = int(self._partner[row])
        before: dict[str, Any] = {}
        if self._baseline is not None and at >= 0:
            before = self._baseline.samples.slice(at, 1).to_pylist()[0]
        shown = [*self._table.attributes, "group"][:_DETAILS]
        return Mistake(
            str(sample["id"]),
            sample.get("uri"),
            str(sample["label"]),
            str(sample["prediction"]),
            sample.get("confidence"),
            before.get("prediction"),
            before.get("confidence"),
            tuple(name for name, member in self._inside.items() if member[row]),
            {name: sample[name] for name in shown if sample.get(name) is not None},
            _top_scores(self._table, row),
            _top_scores(self._baseline, at) if self._baseline is not None and at >= 0 else (),
        )


def _quotas(totals: list[int], most: int) -> list[int]:
    """Share out: half to the first kind, the rest evenly, and what one kind does not use to the others."""
    weights = [1.0] if len(totals) == 1 else [0.5, 0.25, 0.25]
    quotas = [min(total, int(most * weight)) for total, weight in zip(totals, weights, strict=True)]
    for index, total in enumerate(totals):
        quotas[index] += min(total - quotas[index], most - sum(quotas))
    return quotas


def _texts(table: EvaluationTable, column: str) -> NDArray[np.object_]:
    return np.array(table.samples.column(column).to_pylist(), dtype=object)


def _confidences(table: EvaluationTable) -> NDArray[np.float64]:
    if "confidence" not in table.samples.column_names:
        return np.zeros(len(table))
    values = table.samples.column("confidence").to_pylist()
    return np.array([0.0 if value is None else value for value in values], dtype=np.float64)


def _partners(table: EvaluationTable, baseline: EvaluationTable | None) -> NDArray[np.int64]:
    if baseline is None:
        return np.full(len(table), -1, dtype=np.int64)
    rows = {one: row for row, one in enumerate(baseline.samples.column("id").to_pylist())}
    ids = table.samples.column("id").to_pylist()
    return np.array([rows.get(one, -1) for one in ids], dtype=np.int64)


def _top_scores(table: EvaluationTable, row: int) -> tuple[tuple[str, float], ...]:
    if table.scores is None:
        return ()
    values = table.scores[row]
    order = np.argsort(-values, kind="stable")[:_TOP_SCORES]
    return tuple((table.header.classes[index], float(values[index])) for index in order)

"""Which samples to look at: what the candidate broke, what it fixed, what nobody gets right."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.datasets import Task
from seatrial.evaluation import EvaluationTable
from seatrial.reporting.inputs import ReportInputs
from seatrial.reporting.outcomes import Outcomes
from seatrial.reporting.overlays import Mark

__all__ = ["Mistake", "MistakeGroup", "Said", "broken_rows", "mistake_groups"]

_DETAILS = 40

#: A change of the error up to this is none.
_LEAST_CHANGE: dict[Task, float] = {"classification": 0.0, "detection": 0.0, "segmentation": 0.02}


@dataclass(frozen=True, slots=True)
class Said:
    """What one model says of a sample.

    Attributes:
        words: In words: a class, or how many objects are missed.
        confidence: How sure it is, in [0, 1]; None where unknown.
        right: Whether nothing is wrong.
        scores: Parts of it with shares, see :class:`~seatrial.reporting.outcomes.Outcomes`.
        marks: What to draw on the picture.
    """

    words: str
    confidence: float | None
    right: bool
    scores: tuple[tuple[str, float], ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One sample worth a look.

    Attributes:
        id: Sample id.
        uri: Where its image is; None where unknown.
        candidate: What the candidate says.
        baseline: What the champion says; None without a champion.
        label: Truth, in words.
        focus: Slices of blocking decisions that hold the sample.
        attributes: Metadata and image properties.
    """

    id: str
    uri: str | None
    candidate: Said
    baseline: Said | None
    label: str
    focus: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MistakeGroup:
    """Samples that belong together, those of blocking slices first, the worst first.

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
        inputs: The evaluations; only samples that carry a truth are looked at.
        focus: Row numbers of the candidate's table by slice, for the slices that matter most.
        most: Most samples to choose in all.

    Returns:
        With a champion: broken (more is wrong than before), fixed (less is), and wrong in both alike;
        without one: wrong. For pixels, a change of less than two points of IoU is none.
    """
    table = inputs.candidate
    now, before = inputs.outcomes, inputs.champion_outcomes
    partner = _partners(table, inputs.baseline)
    change = np.zeros(len(table))
    if before is None:
        kinds = {"wrong": now.known & (now.error > 0)}
    else:
        both = now.known & (partner >= 0)
        both[both] = before.known[partner[both]]
        change[both] = now.error[both] - before.error[partner[both]]
        least = _LEAST_CHANGE[table.header.task]
        kinds = {
            "broken": both & (change > least),
            "fixed": both & (change < -least),
            "wrong": both & (np.abs(change) <= least) & (now.error > 0),
        }
    quota = dict(zip(kinds, _quotas([int(mask.sum()) for mask in kinds.values()], most), strict=True))
    inside = {name: np.isin(np.arange(len(table)), rows) for name, rows in focus.items()}
    chooser = _Chooser(inputs, now, before, inside, partner)
    badness = {"broken": change, "fixed": -change, "wrong": now.error}
    return [
        MistakeGroup(
            key,
            int(mask.sum()),
            int(now.known.sum()),
            tuple(
                chooser.describe(row)
                for row in chooser.choose(mask, badness[key], quota[key], focused=key == "broken")
            ),
            {name: int((mask & member).sum()) for name, member in inside.items()},
        )
        for key, mask in kinds.items()
    ]


def broken_rows(inputs: ReportInputs) -> NDArray[np.int64]:
    """Find what the champion has right and the candidate wrong; of a segmenter, where its IoU fell.

    Returns:
        Rows of the candidate's table, ascending; none without a champion.
    """
    now, before = inputs.outcomes, inputs.champion_outcomes
    if before is None:
        return np.empty(0, dtype=np.int64)
    partner = _partners(inputs.candidate, inputs.baseline)
    rows = np.flatnonzero(now.known & (partner >= 0))
    rows = rows[before.known[partner[rows]]]
    was = before.error[partner[rows]]
    task = inputs.candidate.header.task
    right = (was == 0) | (task == "segmentation")
    broken: NDArray[np.int64] = rows[right & (now.error[rows] - was > _LEAST_CHANGE[task])]
    return broken


class _Chooser:
    """Ranks and describes rows of one comparison."""

    def __init__(
        self,
        inputs: ReportInputs,
        now: Outcomes,
        before: Outcomes | None,
        inside: dict[str, NDArray[np.bool_]],
        partner: NDArray[np.int64],
    ) -> None:
        self._table, self._now, self._before = inputs.candidate, now, before
        self._inside, self._partner = inside, partner
        self._ids = self._table.samples.column("id").to_pylist()
        self._confidence = np.nan_to_num(now.confidence)

    def choose(
        self, mask: NDArray[np.bool_], badness: NDArray[np.float64], most: int, *, focused: bool
    ) -> list[int]:
        """Rank rows: where asked for, blocking slices first; then the worst, the most confident, by id."""
        rows = np.flatnonzero(mask)
        focus = np.zeros(len(mask), dtype=bool)
        for member in self._inside.values() if focused else ():
            focus |= member
        ranked = sorted(
            rows,
            key=lambda row: (not focus[row], -badness[row], -self._confidence[row], str(self._ids[row])),
        )
        return [int(row) for row in ranked[:most]]

    def describe(self, row: int) -> Mistake:
        """Gather what is known of one sample."""
        sample = self._table.samples.slice(row, 1).to_pylist()[0]
        shown = [*self._table.attributes, "group"][:_DETAILS]
        at = int(self._partner[row])
        before = self._before if at >= 0 else None
        return Mistake(
            str(sample["id"]),
            sample.get("uri"),
            _said(self._now, row),
            None if before is None else _said(before, at),
            str(self._now.truth[row]),
            tuple(name for name, member in self._inside.items() if member[row]),
            {name: sample[name] for name in shown if sample.get(name) is not None},
        )


def _said(outcomes: Outcomes, row: int) -> Said:
    confidence = float(outcomes.confidence[row])
    return Said(
        str(outcomes.said[row]),
        None if np.isnan(confidence) else confidence,
        bool(outcomes.error[row] == 0),
        outcomes.scores(row),
        outcomes.marks(row),
    )


def _quotas(totals: list[int], most: int) -> list[int]:
    """Share out: half to the first kind, the rest evenly, and what one kind does not use to the others."""
    weights = [1.0] if len(totals) == 1 else [0.5, 0.25, 0.25]
    quotas = [min(total, int(most * weight)) for total, weight in zip(totals, weights, strict=True)]
    for index, total in enumerate(totals):
        quotas[index] += min(total - quotas[index], most - sum(quotas))
    return quotas


def _partners(table: EvaluationTable, baseline: EvaluationTable | None) -> NDArray[np.int64]:
    if baseline is None:
        return np.full(len(table), -1, dtype=np.int64)
    rows = {one: row for row, one in enumerate(baseline.samples.column("id").to_pylist())}
    ids = table.samples.column("id").to_pylist()
    return np.array([rows.get(one, -1) for one in ids], dtype=np.int64)

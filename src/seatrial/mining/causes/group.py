"""The cause that a group of failing samples shares, where they share one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.evaluation import EvaluationTable
from seatrial.mining.causes.lift import Lift, training_lift
from seatrial.mining.causes.rules import ACTIONS, CAUSES, Cause
from seatrial.mining.causes.table import Causes

__all__ = ["GroupCause", "group_cause"]

#: Share of a group's samples that a cause has to explain.
MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class GroupCause:
    """Why a group fails.

    Attributes:
        cause: The cause of most of its samples; ``unexplained`` where no cause has most of them.
        action: What it suggests.
        reason: A sentence.
        share: Share of the samples with that cause, in [0, 1].
        counts: Samples of each cause.
        lift: How much the predicted class goes with the group's description in the training data; None where
            that cannot be told.
        confirmed: For a spurious group: whether the training data holds the correlation; None where that
            cannot be told, and for other causes.
    """

    cause: Cause
    action: str
    reason: str
    share: float
    counts: dict[str, int]
    lift: Lift | None = None
    confirmed: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the fields as JSON."""
        return asdict(self)


def group_cause(
    causes: Causes,
    members: Sequence[int] | NDArray[np.int64] | None = None,
    *,
    train: EvaluationTable | None = None,
    described: NDArray[np.bool_] | None = None,
) -> GroupCause:
    """Find the cause that most samples of a group share.

    Args:
        causes: Causes of failing samples.
        members: Rows of ``causes`` that are in the group; None for all.
        train: What the model did on its training data; confirms a spurious correlation.
        described: Which training samples the group's description (its predicate) applies to, shape
            (training samples,); None where it has none that does.
    """
    rows = causes.table if members is None else causes.table.take(np.asarray(members, dtype=np.int64))
    counts = Counter(rows.column("cause").to_pylist())
    total = sum(counts.values())
    cause = max(CAUSES[:-1], key=lambda one: counts[one])
    count = counts[cause]
    share = count / total if total else 0.0
    shown = dict(sorted(counts.items()))
    if share <= MAJORITY:
        said = ", ".join(f"{one} {times}" for one, times in shown.items()) or "no failing sample"
        left = counts["unexplained"] / total if total else 0.0
        reason = f"no cause has most of them: {said}"
        if total and rows.column("rare").null_count == total:
            reason += "; with an evaluation of the training data more can be said"
        return GroupCause("unexplained", ACTIONS["unexplained"], reason, left, shown)
    reason = f"{count} of {total} failing samples: {cause}"
    if cause != "spurious":
        return GroupCause(cause, ACTIONS[cause], reason, share, shown)
    lift = _lift(rows.column("prediction").to_pylist(), train, described)
    if lift is None:
        return GroupCause(cause, ACTIONS[cause], f"{reason}; not looked for in training", share, shown)
    found = f"in training the class is {lift.value:.1f} times as frequent there (from {lift.low:.1f})"
    return GroupCause(cause, ACTIONS[cause], f"{reason}; {found}", share, shown, lift, lift.correlated)


def _lift(
    predictions: Sequence[str | None], train: EvaluationTable | None, described: NDArray[np.bool_] | None
) -> Lift | None:
    usual = Counter(one for one in predictions if one is not None).most_common(1)
    if train is None or described is None or not usual or "label" not in train.samples.column_names:
        return None
    labels = np.array(train.samples.column("label").to_pylist(), dtype=object)
    known = labels != None  # noqa: E711 - element by element
    return training_lift(np.asarray(described)[known], labels[known] == usual[0][0])

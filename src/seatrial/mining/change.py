"""What one model fixed and broke against another, as groups."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationTable
from seatrial.mining.blind_spots import BlindSpots, SearchOptions, find_blind_spots
from seatrial.mining.failures import Failures
from seatrial.neighbours import Embeddings

__all__ = ["Change", "compare_models"]

#: Segmentation: a change of an image's mean IoU up to this is none.
_LEAST_IOU = 0.02


@dataclass(frozen=True)
class Change:
    """What changed from one model to another on the same units.

    Attributes:
        broken: Groups in which the candidate has more wrong that the baseline had right than the other way
            round.
        fixed: The reverse.
        compared: Units that both models were judged on. A detector's are true objects: false positives have
            no partner.
    """

    broken: BlindSpots
    fixed: BlindSpots
    compared: int

    @property
    def net(self) -> int:
        """Units fixed minus units broken."""
        return int(self.fixed.error.sum()) - int(self.broken.error.sum())


def compare_models(
    candidate: EvaluationTable,
    baseline: EvaluationTable,
    options: SearchOptions | None = None,
    *,
    embeddings: Embeddings | None = None,
) -> Change:
    """Find what a candidate fixed and broke, as groups that are confirmed by paired tests.

    Args:
        candidate: What the candidate did.
        baseline: What the other model did on the same data set.
        options: How to look, see :func:`find_blind_spots`.
        embeddings: Vectors by any model; None for the candidate's own.

    Raises:
        InputError: Tasks, classes or data set differ, or the two have no unit in common.
    """
    options = options or SearchOptions()
    ours, theirs = candidate.header, baseline.header
    for what in ("task", "classes", "dataset_digest"):
        mine, other = getattr(ours, what), getattr(theirs, what)
        if mine != other:
            shown = (examples(mine), examples(other)) if what == "classes" else (mine, other)
            raise InputError(
                f"models are compared on the same data: {what} is {shown[0]} of the candidate's evaluation "
                f"and {shown[1]} of the baseline's"
            )
    now = Failures.from_evaluation(candidate, options=options.measure, low_iou=options.low_iou)
    before = Failures.from_evaluation(
        baseline, options=options.measure, low_iou=options.low_iou if now.bound is None else now.bound
    )
    units, partners = _partners(candidate, now, baseline, before)
    if not len(units):
        raise InputError("the two evaluations have no unit with a truth in common")
    kept, earlier = _taken(now, units), _taken(before, partners)
    if kept.task == "segmentation":
        worse = kept.loss - earlier.loss
        broke, fixed = worse > _LEAST_IOU, worse < -_LEAST_IOU
    else:
        broke, fixed = kept.error & ~earlier.error, ~kept.error & earlier.error
    # what was fixed is described by what the baseline said of it
    past = replace(
        kept, truth=earlier.truth, prediction=earlier.prediction, kind=earlier.kind, loss=earlier.loss
    )
    return Change(
        find_blind_spots(
            candidate, options, embeddings=embeddings, failures=kept, error=broke, instead=fixed
        ),
        find_blind_spots(
            candidate, options, embeddings=embeddings, failures=past, error=fixed, instead=broke
        ),
        len(units),
    )


def _partners(
    candidate: EvaluationTable, now: Failures, baseline: EvaluationTable, before: Failures
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the units of both models that are the same: a sample, or a true object of an image."""
    mine, yours = _keys(candidate, now), _keys(baseline, before)
    places = {key: place for place, key in enumerate(yours) if key is not None}
    pairs = [(unit, places[key]) for unit, key in enumerate(mine) if key is not None and key in places]
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _keys(evaluation: EvaluationTable, failures: Failures) -> list[tuple[object, ...] | None]:
    """Name each unit: by its image, and by its number among the true objects of that."""
    if failures.object is None:
        return [(one,) for one in failures.id.tolist()]
    assert evaluation.objects is not None
    role = np.array(evaluation.objects.column("role").to_pylist(), dtype=object)
    image = evaluation.objects.column("image").to_pylist()
    true = role == "truth"
    seen: dict[str, int] = {}
    number = np.full(len(role), -1, dtype=np.int64)
    for row in np.flatnonzero(true).tolist():
        number[row] = seen.get(image[row], 0)
        seen[image[row]] = int(number[row]) + 1
    return [
        (one, int(number[row])) if number[row] >= 0 else None
        for one, row in zip(failures.id.tolist(), failures.object.tolist(), strict=True)
    ]


def _taken(failures: Failures, units: NDArray[np.int64]) -> Failures:
    columns = ("id", "row", "error", "loss", "truth", "prediction", "kind", "group", "confidence")
    taken = {name: getattr(failures, name)[units] for name in columns}
    return replace(
        failures,
        **taken,
        object=None if failures.object is None else failures.object[units],
        boxes=None if failures.boxes is None else failures.boxes[units],
    )

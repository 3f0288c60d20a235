"""Blind spots: groups that fail more often than the rest, found on one half and confirmed on the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.mining.axes import UnitAxes
from seatrial.mining.candidates import Candidate, clusters, conjunctions
from seatrial.mining.conjunctions import ConjunctionOptions
from seatrial.mining.contrast import Contrast, PairedContrast
from seatrial.mining.failures import Failures
from seatrial.mining.mixture import MixtureOptions
from seatrial.neighbours import Embeddings
from seatrial.slices import Confirmed, Discovery, Found, MeasureOptions, SliceSpec, Vectors
from seatrial.statistics import confirming_half, holm

__all__ = ["BlindSpot", "BlindSpots", "CellErrors", "SearchOptions", "find_blind_spots"]

#: Places whose errors overlap by this share (intersection over union) are one.
_SAME = 0.8

#: A group lies within another where that holds at least this share of it.
_WITHIN = 0.9

#: What the slices of each task are about.
METRICS = {"classification": "accuracy", "detection": "share_right", "segmentation": "share_right"}


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How blind spots are looked for.

    Attributes:
        alpha: Level at which a group is confirmed, after correction for all that are tried; in (0, 1).
        seed: Of the halves and of the mixture.
        most: Candidates that are tried from attributes, and as many from embeddings.
        conjunctions: How attributes are searched.
        mixture: How embeddings are searched.
        measure: Operating point of a detector, and the column that groups samples.
        low_iou: Segmentation: see :meth:`Failures.from_evaluation`.
    """

    alpha: float = 0.05
    seed: int = 7
    most: int = 10
    conjunctions: ConjunctionOptions = field(default_factory=ConjunctionOptions)
    mixture: MixtureOptions = field(default_factory=MixtureOptions)
    measure: MeasureOptions = field(default_factory=MeasureOptions)
    low_iou: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: One is out of range.
        """
        if not 0 < self.alpha < 1:
            raise InputError(f"alpha: expected a level between 0 and 1, got {self.alpha}")
        if self.most < 1:
            raise InputError(f"most: expected 1 group or more, got {self.most}")

    @classmethod
    def of(
        cls,
        *,
        alpha: float = 0.05,
        seed: int = 7,
        most: int = 10,
        order: int = 3,
        support: int | None = None,
        score: float = 0.5,
        group: str | None = None,
        low_iou: float | None = None,
    ) -> "SearchOptions":
        """Set what is set from outside; one seed serves all that is drawn.

        Raises:
            InputError: An option is out of range.
        """
        return cls(
            alpha=alpha,
            seed=seed,
            most=most,
            conjunctions=ConjunctionOptions(order=order, support=support),
            mixture=MixtureOptions(seed=seed),
            measure=MeasureOptions(score=score, group=group),
            low_iou=low_iou,
        )


@dataclass(frozen=True)
class BlindSpot:
    """A group that fails more often than the rest.

    Attributes:
        name: Unique among the groups; letters, digits and ``-``: the slice's name in the policy.
        title: What it is called to people.
        candidate: What was found.
        found: What the searched half says, which is too good to be true.
        tried: What the other half says.
        p: p-value there, corrected for all candidates that were tried.
        confirmed: Whether that is at most the level, with a difference in the same direction.
        errors: Places of its errors among the units, the worst first, both halves.
        size: Units, both halves.
        cell: The most frequent confusion among its errors, and their share.
    """

    name: str
    title: str
    candidate: Candidate
    found: Contrast | PairedContrast
    tried: Contrast | PairedContrast
    p: float
    confirmed: bool
    errors: NDArray[np.int64]
    size: int
    cell: tuple[str, str, float]

    def spec(self, metric: str, dataset: str, searched: int) -> SliceSpec | None:
        """Give the slice with what is known of its discovery; None where the searched half saw nothing."""
        if self.found.n == 0:
            return None
        held = self.confirmed and self.tried.n > 0
        found = Found(n=self.found.n, difference=_short(-self.found.difference))
        tried = None
        if held:
            tried = Confirmed(n=self.tried.n, difference=_short(-self.tried.difference), p=_short(self.p))
        by = {"attributes": "conjunctions"}.get(self.candidate.source, "clusters")
        discovery = Discovery(
            by=by, metric=metric, dataset=dataset, searched=searched, found=found, confirmed=tried
        )
        return self.candidate.spec.model_copy(update={"discovered": discovery})


def _short(value: float) -> float:
    """Round what people read in a policy to four digits."""
    return float(f"{value:.4g}")


@dataclass(frozen=True, slots=True)
class CellErrors:
    """One cell of the confusion: the baseline that any search has to beat.

    Attributes:
        truth: What it is.
        prediction: What it is taken for.
        kind: What is wrong.
        count: How many.
        share: Share of all errors, in [0, 1].
        units: Places among the units, the worst first.
    """

    truth: str
    prediction: str
    kind: str
    count: int
    share: float
    units: NDArray[np.int64]


@dataclass(frozen=True)
class BlindSpots:
    """What was found in one evaluation.

    Attributes:
        failures: The units.
        error: Which of them count as errors, bool, shape (n,).
        axes: Their attributes.
        confirming: The half on which groups are confirmed, bool, shape (n,).
        groups: The confirmed first, then by the share of the errors that they explain.
        cells: The confusion, most errors first.
        searched: Candidates that could have been found.
        tried: Candidates that were tried on the other half.
        notes: What was not looked at, and why; and what else should be known.
        explained: Share of the errors of the confirming half in any confirmed group, in [0, 1].
    """

    failures: Failures
    error: NDArray[np.bool_]
    axes: UnitAxes
    confirming: NDArray[np.bool_]
    groups: tuple[BlindSpot, ...]
    cells: tuple[CellErrors, ...]
    searched: int
    tried: int
    notes: tuple[str, ...]
    explained: float

    @property
    def confirmed(self) -> tuple[BlindSpot, ...]:
        """The groups that the other half confirms."""
        return tuple(group for group in self.groups if group.confirmed)

    def membership(self) -> list[tuple[int, str]]:
        """Give place and name for each unit and group that holds it, by group."""
        return [
            (int(unit), group.name)
            for group in self.groups
            for unit in np.flatnonzero(group.candidate.inside)
        ]


def find_blind_spots(
    evaluation: EvaluationTable,
    options: SearchOptions | None = None,
    *,
    embeddings: Embeddings | None = None,
    failures: Failures | None = None,
    error: NDArray[np.bool_] | None = None,
    instead: NDArray[np.bool_] | None = None,
) -> BlindSpots:
    """Look for groups that fail more often than the rest, and confirm them.

    Args:
        evaluation: What a model did.
        options: How to look.
        embeddings: Vectors of its images, or of its objects, by any model; None for the evaluation's own.
        failures: The units; None to take them from the evaluation.
        error: Which units count as errors, in place of those that are wrong, shape (n,).
        instead: Which units are the other way round, as those that a model fixed are to those that it broke;
            groups are then confirmed by what happens more often inside them, shape (n,).

    Returns:
        The groups; none where nothing fails, or everything. The same input gives the same groups.

    Raises:
        InputError: What the evaluation holds cannot be.
    """
    options = options or SearchOptions()
    if failures is None:
        failures = Failures.from_evaluation(evaluation, options=options.measure, low_iou=options.low_iou)
    wrong = failures.error if error is None else error
    if not len(failures):
        raise InputError(f"{evaluation.header.dataset}: expected samples with a truth, there is none")
    notes: list[str] = []
    confirming = confirming_half(failures.group.tolist(), options.seed)
    axes = UnitAxes.of(evaluation, failures, ~confirming)
    candidates: list[Candidate] = []
    searched = 0
    total = int(wrong.sum())
    if total == 0:
        notes.append(f"none of {len(failures)} units fails: there is no group to find")
    elif total == len(failures):
        notes.append(f"all {total} units fail: no group fails more often than the rest")
    elif not wrong[~confirming].any() or not (~wrong[~confirming]).any():
        notes.append("one half of the units holds all that fails: there are too few to look for groups")
    else:
        candidates, searched = _candidates(
            evaluation, options, embeddings, failures, wrong, confirming, axes, notes
        )
    groups = _confirmed(candidates, failures, wrong, instead, confirming, options)
    return BlindSpots(
        failures,
        wrong,
        axes,
        confirming,
        groups,
        _cells(failures, wrong),
        max(searched, 1),
        len(candidates),
        tuple(notes),
        _explained(groups, wrong, confirming),
    )


def _candidates(
    evaluation: EvaluationTable,
    options: SearchOptions,
    embeddings: Embeddings | None,
    failures: Failures,
    wrong: NDArray[np.bool_],
    confirming: NDArray[np.bool_],
    axes: UnitAxes,
    notes: list[str],
) -> tuple[list[Candidate], int]:
    found, searched = conjunctions(axes, failures, wrong, ~confirming, options.conjunctions, options.most)
    if not axes.axes:
        notes.append("there is no attribute to search: the evaluation holds no metadata and no properties")
    placed = _placed(evaluation, embeddings, failures)
    if placed is None:
        what = "objects" if failures.object is not None else "images"
        notes.append(f"there are no embeddings of {what}: groups are looked for by attributes alone")
        return found, searched
    model, vectors = placed
    blank = int((~np.isfinite(vectors).all(axis=1)).sum())
    if blank:
        notes.append(f"{blank} of {len(failures)} units have no finite embedding: they are in no cluster")
    near, components = clusters(
        axes,
        failures,
        wrong,
        ~confirming,
        vectors,
        model,
        options.mixture,
        options.conjunctions,
        options.most,
    )
    if not components:
        flat = blank < len(vectors) and np.ptp(vectors[np.isfinite(vectors).all(axis=1)], axis=0).max() == 0
        notes.append(
            "all embeddings are the same: there is no place to look for"
            if flat
            else f"too few errors for a cluster: {int(wrong[~confirming].sum())} in the half that is searched"
        )
    return [*found, *_distinct(near, wrong)], searched + components


def _placed(
    evaluation: EvaluationTable, embeddings: Embeddings | None, failures: Failures
) -> tuple[str, NDArray[np.float32]] | None:
    """Find the vector of each unit, and the digest of what made them."""
    vectors = Vectors.of(evaluation, [] if embeddings is None else [embeddings])
    rows = failures.row if failures.object is None else failures.object
    there = vectors.images if failures.object is None else vectors.objects
    digest = evaluation.header.model_digest if embeddings is None else embeddings.header["model_digest"]
    if embeddings is not None and digest not in there:
        expected = "objects" if failures.object is not None else "images"
        raise InputError(f"embeddings: expected vectors of {expected}, got those of {embeddings.level}s")
    if digest not in there:
        return None
    return digest, there[digest][rows]


def _distinct(found: Sequence[Candidate], wrong: NDArray[np.bool_]) -> list[Candidate]:
    """Leave out places that have nearly the same errors as a better one."""
    kept: list[Candidate] = []
    for one in found:
        own = one.inside & wrong
        if all((own & other.inside).sum() < _SAME * (own | (other.inside & wrong)).sum() for other in kept):
            kept.append(one)
    return kept


def _confirmed(
    candidates: Sequence[Candidate],
    failures: Failures,
    wrong: NDArray[np.bool_],
    instead: NDArray[np.bool_] | None,
    confirming: NDArray[np.bool_],
    options: SearchOptions,
) -> tuple[BlindSpot, ...]:
    """Try every candidate on the half that was not searched, and rank them."""
    _, member = np.unique(failures.group.astype(str), return_inverse=True)
    confidence = 1 - options.alpha

    def compared(inside: NDArray[np.bool_], half: NDArray[np.bool_]) -> Contrast | PairedContrast:
        if instead is None:
            return Contrast.of(inside[half], wrong[half], member[half], confidence)
        return PairedContrast.of(inside[half], wrong[half], instead[half], member[half], confidence)

    contrasts = [(compared(one.inside, ~confirming), compared(one.inside, confirming)) for one in candidates]
    adjusted = holm([tried.p for _, tried in contrasts])
    judged = [
        (
            one,
            found,
            tried,
            float(p),
            bool(p <= options.alpha and tried.difference > 0 and found.difference > 0),
        )
        for one, (found, tried), p in zip(candidates, contrasts, adjusted, strict=True)
    ]
    judged.sort(key=lambda group: (not group[4], -group[2].explained, -group[0].score))
    if instead is None:
        said = _Said(wrong[confirming], member[confirming], options.alpha / max(len(judged), 1))
        # what has a name in words comes first: a place adds to it or repeats it
        first = sorted((one for one in judged if one[4]), key=lambda group: group[0].source != "attributes")
        new = said.new([one[0].inside[confirming] for one in first], [one[0].source for one in first])
        kept = {id(one) for one, adds in zip(first, new, strict=True) if adds}
        judged = [one for one in judged if not one[4] or id(one) in kept]
    groups = []
    for rank, (one, found, tried, p, held) in enumerate(judged, start=1):
        errors = np.flatnonzero(one.inside & wrong)
        errors = failures.worst_first(errors)
        groups.append(
            BlindSpot(
                f"blind-spot-{rank}",
                one.name,
                one,
                found,
                tried,
                p,
                held,
                errors,
                int(one.inside.sum()),
                _cell(failures, errors),
            )
        )
    return tuple(groups)


class _Said:
    """What the groups that were listed already say: a group adds something, or is left out.

    It adds something if what is in none of the earlier groups fails more often than what is outside; or if
    it lies within an earlier group and fails more often than the rest of that.
    """

    def __init__(self, wrong: NDArray[np.bool_], member: NDArray[np.int64], alpha: float) -> None:
        self._wrong, self._member, self._alpha = wrong, member, alpha
        self._earlier: list[NDArray[np.bool_]] = []
        self._all = np.zeros(len(wrong), dtype=np.bool_)

    def new(self, groups: Sequence[NDArray[np.bool_]], sources: Sequence[str]) -> list[bool]:
        """Judge groups one after the other; one in words that fails only because of a smaller one is out."""
        named = [inside for inside, source in zip(groups, sources, strict=True) if source == "attributes"]
        return [
            not (source == "attributes" and self._is_told_by(named, inside)) and self.adds(inside)
            for inside, source in zip(groups, sources, strict=True)
        ]

    def _is_told_by(self, groups: Sequence[NDArray[np.bool_]], inside: NDArray[np.bool_]) -> bool:
        size = inside.sum()
        within = (
            one
            for one in groups
            if one.sum() < _WITHIN * size and (one & inside).sum() >= _WITHIN * one.sum()
        )
        return any(not self._worse(inside & ~one, ~(inside & one)) for one in within)

    def adds(self, inside: NDArray[np.bool_]) -> bool:
        """Judge the next group, and remember it."""
        around = [one for one in self._earlier if (inside & one).sum() >= _WITHIN * inside.sum()]
        if around:
            new = self._worse(inside, min(around, key=np.count_nonzero))
        else:
            new = self._worse(inside & ~self._all, ~self._all)
        if new:
            self._earlier.append(inside)
            self._all = self._all | inside
        return new

    def _worse(self, inside: NDArray[np.bool_], among: NDArray[np.bool_]) -> bool:
        contrast = Contrast.of(inside[among], self._wrong[among], self._member[among], 1 - self._alpha)
        return contrast.difference > 0 and contrast.p <= self._alpha


def _cell(failures: Failures, errors: NDArray[np.int64]) -> tuple[str, str, float]:
    if not len(errors):
        return "", "", 0.0
    codes = failures.truth[errors].astype(np.int64) * len(failures.names) + failures.prediction[errors]
    found, counts = np.unique(codes, return_counts=True)
    truth, prediction = divmod(int(found[counts.argmax()]), len(failures.names))
    return failures.names[truth], failures.names[prediction], float(counts.max() / len(errors))


def _cells(failures: Failures, wrong: NDArray[np.bool_]) -> tuple[CellErrors, ...]:
    """Count the errors by what they are, what they are taken for, and what is wrong."""
    from seatrial.mining.failures import KINDS

    errors = np.flatnonzero(wrong)
    if not len(errors):
        return ()
    keys = np.stack([failures.truth[errors], failures.prediction[errors], failures.kind[errors]], axis=1)
    found, which = np.unique(keys.astype(np.int64), axis=0, return_inverse=True)
    order = np.argsort(which.reshape(-1), kind="stable")
    bounds = np.searchsorted(which.reshape(-1)[order], np.arange(len(found) + 1))
    cells = []
    for (truth, prediction, kind), start, stop in zip(found.tolist(), bounds, bounds[1:], strict=False):
        units = errors[order[start:stop]]
        units = failures.worst_first(units)
        names = failures.names
        cells.append(
            CellErrors(
                names[truth], names[prediction], KINDS[kind], len(units), len(units) / len(errors), units
            )
        )
    return tuple(sorted(cells, key=lambda cell: (-cell.count, cell.truth, cell.prediction, cell.kind)))


def _explained(groups: Sequence[BlindSpot], wrong: NDArray[np.bool_], confirming: NDArray[np.bool_]) -> float:
    """Give the share of errors of the confirming half that are in a confirmed group."""
    inside = np.zeros(len(wrong), dtype=np.bool_)
    for group in groups:
        if group.confirmed:
            inside |= group.candidate.inside
    total = int((wrong & confirming).sum())
    return float((inside & wrong & confirming).sum() / total) if total else 0.0

"""Groups that may be blind spots, as slices: conjunctions of attributes, and places in embedding space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.mining.axes import UnitAxes
from seatrial.mining.conjunctions import Coded, ConjunctionOptions, distinct, search, simplified
from seatrial.mining.failures import Failures
from seatrial.mining.mixture import Mixture, MixtureOptions
from seatrial.slices import Cluster, SliceSpec
from seatrial.slices.vectors import Matrix

__all__ = ["Candidate", "Description", "clusters", "conjunctions"]

#: A class is asked for where at least this share of a cluster's errors is of it.
_OF_ONE_CLASS = 0.5

#: A description is one from this F1 of its precision and recall.
DESCRIBES = 0.5

#: Clusters are described by at most so many attributes.
_DESCRIBING = 2


@dataclass(frozen=True, slots=True)
class Description:
    """The predicate that describes a cluster best.

    Attributes:
        where: The predicate.
        name: The same to read.
        precision: Share of what fulfils it that is in the cluster, in [0, 1].
        recall: Share of the cluster that fulfils it, in [0, 1].
    """

    where: str
    name: str
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, in [0, 1]."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True)
class Candidate:
    """A group that was found on the half that is searched.

    Attributes:
        source: ``"attributes"`` or ``"embedding"``; ``"both"`` for a cluster that a predicate describes.
        name: What it is called.
        spec: How it is chosen anywhere.
        inside: Which units are in it, of both halves, bool, shape (n,).
        score: How much errors gather there, on the half that is searched: SliceLine's score of a conjunction,
            the likelihood ratio of a place.
        description: Of a cluster.
    """

    source: str
    name: str
    spec: SliceSpec
    inside: NDArray[np.bool_]
    score: float
    description: Description | None = None


def conjunctions(
    axes: UnitAxes,
    failures: Failures,
    error: NDArray[np.bool_],
    searched: NDArray[np.bool_],
    options: ConjunctionOptions,
    most: int,
) -> tuple[list[Candidate], int]:
    """Find conjunctions of attributes on which errors gather.

    Args:
        axes: The units' attributes.
        failures: The units.
        error: Which of them count as errors, shape (n,).
        searched: The half that is searched, shape (n,).
        options: How.
        most: How many to give.

    Returns:
        The candidates, the best first, and how many conjunctions could have been found.
    """
    rows = np.flatnonzero(searched)
    coded = _half(axes.coded, rows)
    amounts = error[rows].astype(np.float64)
    found = search(coded, amounts, options)
    everyone = np.arange(len(failures))
    kept = distinct(simplified(found), coded, amounts, most=most)
    return [
        Candidate(
            "attributes",
            axes.named(one.literals),
            SliceSpec(level=failures.level, where=axes.where(one.literals)),
            axes.coded.of(one.literals, everyone),
            one.score,
        )
        for one in kept
    ], _possible(coded.sizes, options.order)


def clusters(
    axes: UnitAxes,
    failures: Failures,
    error: NDArray[np.bool_],
    searched: NDArray[np.bool_],
    vectors: Matrix,
    model: str,
    options: MixtureOptions,
    conjoined: ConjunctionOptions,
    most: int,
) -> tuple[list[Candidate], int]:
    """Find places in embedding space at which errors gather.

    A component of the mixture with many errors becomes a ball around the mean of its errors, of the class
    that most of them are of where that fits better: what a sample shows decides, not what the model says.

    Args:
        axes: The units' attributes.
        failures: The units.
        error: Which of them count as errors, shape (n,).
        searched: The half that is searched, shape (n,).
        vectors: Embedding of each unit, shape (n, width); a unit without one is in no cluster.
        model: Digest of what made them.
        options: How the mixture is fitted.
        conjoined: How predicates that describe a cluster are searched.
        most: How many to give.

    Returns:
        The candidates, the best first, and how many components there were.
    """
    known = np.isfinite(vectors).all(axis=1)
    rows = np.flatnonzero(searched & known)
    if not len(rows):
        return [], 0
    mixture = Mixture.fit(
        vectors[rows], failures.truth[rows], failures.prediction[rows], error[rows], options
    )
    if mixture is None:
        return [], 0
    which, _ = mixture.assign(vectors[rows], failures.truth[rows], failures.prediction[rows])
    wrong = error[rows]
    size = np.bincount(which, minlength=len(mixture))
    errors = np.bincount(which[wrong], minlength=len(mixture))
    excess = errors - size * wrong.mean()
    promising = [one for one in np.argsort(-excess, kind="stable").tolist() if excess[one] > 0][:most]
    regions = _Regions(axes, failures, error, vectors, model, rows, options.smallest)
    coded = _half(axes.coded, rows)
    found = []
    for component in promising:
        members = rows[(which == component) & wrong]
        if len(members) < options.smallest:
            continue
        spec, inside, score = regions.around(members)
        if score <= 0:
            continue
        described = _described(axes, coded, inside[rows], conjoined)
        cell = _usual_cell(failures, members)
        if described is not None:
            found.append(Candidate("both", f"near {described.name}", spec, inside, score, described))
        else:
            found.append(Candidate("embedding", f"near {cell}", spec, inside, score))
    return sorted(found, key=lambda one: -one.score), len(promising)


class _Regions:
    """Balls around the errors of components."""

    def __init__(
        self,
        axes: UnitAxes,
        failures: Failures,
        error: NDArray[np.bool_],
        vectors: Matrix,
        model: str,
        rows: NDArray[np.int64],
        support: int,
    ) -> None:
        self._level = failures.level
        self._error, self._vectors, self._model = error, vectors, model
        self._rows, self._support = rows, support
        self._column = {"classification": "label", "detection": "class"}.get(failures.task)
        self._labels = None if self._column is None else axes.table.column(self._column)
        self._condition = {
            condition.removeprefix(f"{self._column} == "): condition
            for axis in axes.axes
            if axis.name == self._column
            for condition in axis.conditions
        }

    def around(self, members: NDArray[np.int64]) -> tuple[SliceSpec, NDArray[np.bool_], float]:
        """Choose the ball around some errors, and perhaps a class, on which errors gather most."""
        centre = self._vectors[members].mean(axis=0, dtype=np.float64)
        cluster = Cluster.of(self._model, centre, 0.0)
        apart = cluster.distances(self._vectors)
        best = self._radius(apart, np.ones(len(apart), dtype=np.bool_))
        spec_where = None
        inside = np.ones(len(apart), dtype=np.bool_)
        for where, of_class in self._classes(members):
            tried = self._radius(apart, of_class)
            if tried.ratio > best.ratio:
                best, spec_where, inside = tried, where, of_class
        cluster = cluster.model_copy(update={"radius": best.radius})
        spec = SliceSpec(level=self._level, cluster=cluster, where=spec_where)
        return spec, inside & (apart <= best.radius), best.ratio

    def _radius(self, apart: NDArray[np.float64], allowed: NDArray[np.bool_]) -> "_Radius":
        """Find the radius within which errors gather least by chance.

        The likelihood ratio of two error rates against one, as in Kulldorff (1997), A spatial scan statistic,
        Communications in Statistics 26, section 4: it weighs purity against size. At most half of the
        units are inside.
        """
        rows = self._rows[allowed[self._rows]]
        order = np.argsort(apart[rows], kind="stable")
        far = apart[rows][order]
        sums = np.cumsum(self._error[rows][order], dtype=np.int64)
        sizes = np.arange(1, len(far) + 1)
        n, total = len(self._rows), int(self._error[self._rows].sum())
        ratios = _likelihood_ratios(sizes, sums, n, total)
        # a ball ends between two samples that are not equally far
        ends = np.append(np.diff(far) > 0, len(far) > 0)
        small = (sizes >= self._support) & (sizes <= n / 2)
        possible = np.flatnonzero(small & ends & np.isfinite(far))
        if not len(possible):
            return _Radius(-np.inf, 0.0)
        last = int(possible[np.argmax(ratios[possible])])
        beyond = far[last + 1] if last + 1 < len(far) and np.isfinite(far[last + 1]) else far[last]
        radius = float(f"{(far[last] + beyond) / 2:.6g}")
        radius = radius if far[last] <= radius else float(far[last])
        return _Radius(float(ratios[last]), radius)

    def _classes(self, members: NDArray[np.int64]) -> list[tuple[str, NDArray[np.bool_]]]:
        if self._labels is None or not self._condition:
            return []
        counts = self._labels.take(pa.array(members)).value_counts().to_pylist()
        usual = max(counts, key=lambda one: (one["counts"], str(one["values"])))
        if usual["counts"] < _OF_ONE_CLASS * len(members) or usual["values"] is None:
            return []
        written = "'" + str(usual["values"]).replace("'", "''") + "'"
        if written not in self._condition:
            return []
        same = pc.equal(self._labels, usual["values"]).fill_null(fill_value=False)
        return [(self._condition[written], np.asarray(same.to_numpy(), dtype=np.bool_))]


@dataclass(frozen=True, slots=True)
class _Radius:
    ratio: float
    radius: float


def _likelihood_ratios(
    sizes: NDArray[np.int64], errors: NDArray[np.int64], n: int, total: int
) -> NDArray[np.float64]:
    """Compare "errors are more frequent inside" with "as frequent"; 0 where they are not."""
    from scipy.special import xlog1py, xlogy

    def likelihood(wrong: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.float64]:
        rate = wrong / np.maximum(of, 1)
        return np.asarray(xlogy(wrong, rate) + xlog1py(of - wrong, -rate))

    alike = likelihood(np.array(total), np.array(n))
    ratios = likelihood(errors, sizes) + likelihood(total - errors, n - sizes) - alike
    return np.where(errors * n > sizes * total, ratios, 0.0)


def _described(
    axes: UnitAxes, coded: Coded, members: NDArray[np.bool_], options: ConjunctionOptions
) -> Description | None:
    """Find the predicate that covers a cluster best; None where none does well."""
    total = int(members.sum())
    if not total or total == len(members):
        return None
    tried = ConjunctionOptions(order=_DESCRIBING, support=max(5, total // 4), weight=options.weight)
    best: Description | None = None
    for one in search(coded, members.astype(np.float64), tried):
        described = Description(
            axes.where(one.literals), axes.named(one.literals), one.errors / one.size, one.errors / total
        )
        if best is None or described.f1 > best.f1 + 1e-9:
            best = described
    return best if best is not None and best.f1 >= DESCRIBES else None


def _usual_cell(failures: Failures, members: NDArray[np.int64]) -> str:
    cells = failures.truth[members].astype(np.int64) * len(failures.names) + failures.prediction[members]
    found, counts = np.unique(cells, return_counts=True)
    truth, prediction = divmod(int(found[counts.argmax()]), len(failures.names))
    return f"{failures.names[truth]} → {failures.names[prediction]}"


def _half(coded: Coded, rows: NDArray[np.int64]) -> Coded:
    return Coded([cells[rows] for cells in coded.cells], coded.sizes)


def _possible(sizes: Sequence[int], order: int) -> int:
    """Count the conjunctions of up to ``order`` attributes that can be written."""
    counts = [1] + [0] * order
    for size in sizes:
        for length in range(order, 0, -1):
            counts[length] += counts[length - 1] * size
    return max(1, sum(counts[1:]))

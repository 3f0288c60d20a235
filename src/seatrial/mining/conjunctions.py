"""Exact search for the conjunctions of attribute values on which errors gather.

SliceLine's score (Sagadeeva, Boehm 2021, SliceLine: Fast, Linear-Algebra-based Slice Finding for ML Model
Debugging, SIGMOD, definition 1) over every conjunction of up to a few attributes, by counting: one pass over
the rows for each combination of attributes gives size and errors of all its cells at once.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from math import ceil, prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seatrial.compiled import in_threads
from seatrial.errors import InputError

__all__ = ["Coded", "Conjunction", "ConjunctionOptions", "distinct", "least_support", "search", "simplified"]

Score = Literal["sliceline", "effect"]

#: Cells that one attribute may have: they are held in a byte.
MOST_CELLS = 256

#: Conjunctions of more attributes than this are too many to name and to read.
MOST_ATTRIBUTES = 4

#: Cells that the combinations of a few attributes may have: two numbers are held for each.
MOST_COMBINED = 2**25

#: Score, literals, size, errors.
_Found = tuple[float, tuple[tuple[int, int], ...], int, float]

#: A bound on the scores of what is joined to some attributes, and the good conjunctions of their cells.
_Counted = tuple[float, list[_Found]]


@dataclass(frozen=True, slots=True)
class ConjunctionOptions:
    """How conjunctions are searched.

    Attributes:
        order: Most attributes of a conjunction, from 1 to 4.
        support: Fewest samples of one; None for a hundredth of the samples, ten at least.
        weight: SliceLine's α in (0, 1]: how much the error counts against the size.
        score: ``"sliceline"``, or ``"effect"``: how many standard deviations of the error lie between the
            mean inside and that outside.
        most: How many conjunctions to give.
    """

    order: int = 3
    support: int | None = None
    weight: float = 0.95
    score: Score = "sliceline"
    most: int = 1000

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: One is out of range.
        """
        if not 1 <= self.order <= MOST_ATTRIBUTES:
            raise InputError(f"order: expected 1 to {MOST_ATTRIBUTES} attributes, got {self.order}")
        if self.support is not None and self.support < 1:
            raise InputError(f"support: expected 1 sample or more, got {self.support}")
        if not 0 < self.weight <= 1:
            raise InputError(f"weight: expected a number above 0 and up to 1, got {self.weight}")
        if self.most < 1:
            raise InputError(f"most: expected 1 conjunction or more, got {self.most}")


@dataclass(frozen=True, slots=True)
class Coded:
    """Attributes of n samples as cells.

    Attributes:
        cells: For each attribute, the cell of each sample, int, shape (n,); −1 for a sample in none.
        sizes: How many cells each attribute has.
    """

    cells: Sequence[NDArray[np.integer]]
    sizes: Sequence[int]

    def of(self, literals: Sequence[tuple[int, int]], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say which of some samples are in a conjunction, shape of ``rows``."""
        inside = np.ones(len(rows), dtype=np.bool_)
        for attribute, cell in literals:
            inside &= self.cells[attribute][rows] == cell
        return inside


@dataclass(frozen=True, slots=True, order=True)
class Conjunction:
    """Samples that are in one cell of each of a few attributes.

    Attributes:
        literals: Number of the attribute and of its cell, by attribute.
        size: Samples.
        errors: Sum of their errors.
        score: How much errors gather there.
    """

    literals: tuple[tuple[int, int], ...]
    size: int
    errors: float
    score: float = field(compare=False)


def least_support(options: ConjunctionOptions, n: int) -> int:
    """Give the fewest samples of a conjunction among n."""
    return options.support if options.support is not None else max(10, ceil(n / 100))


def search(
    coded: Coded, errors: NDArray[np.float64], options: ConjunctionOptions | None = None
) -> list[Conjunction]:
    """Find the conjunctions of the highest score, exactly.

    Every conjunction of up to ``order`` attributes with enough samples is counted, unless a bound on the
    scores of all conjunctions of its attributes says that none is among the best.

    Args:
        coded: The attributes.
        errors: Error of each sample, not negative, shape (n,).
        options: How to search.

    Returns:
        At most ``most`` conjunctions with errors and a score above 0, the best first; of equal scores the
        shorter, then by attribute and cell. Among equal scores at the end of the list some may be left out.

    Raises:
        InputError: An attribute has more than 255 cells, a few have too many combinations, or an error is
            negative or not finite.
    """
    options = options or ConjunctionOptions()
    for attribute, size in enumerate(coded.sizes):
        if size >= MOST_CELLS:
            raise InputError(f"attribute {attribute}: expected less than {MOST_CELLS} cells, got {size}")
    widest = sorted(coded.sizes)[-options.order :]
    if prod(size + 1 for size in widest) > MOST_COMBINED:
        raise InputError(
            f"{options.order} attributes of {', '.join(map(str, widest))} values have too many combinations: "
            "search for shorter conjunctions (order), or put numbers into fewer bins"
        )
    if not np.all(np.isfinite(errors) & (errors >= 0)):
        raise InputError("errors: expected finite numbers that are not negative")
    if len(errors) == 0 or errors.sum() == 0:
        return []
    return _Search(coded, errors, options).run()


def simplified(found: Sequence[Conjunction], *, worth: float = 0.95) -> list[Conjunction]:
    """Leave out attributes that add next to nothing.

    Args:
        found: Conjunctions, the best first.
        worth: Share of a conjunction's score from which one attribute less says the same, in (0, 1].

    Returns:
        Each once, the shorter in place of the longer, in the order of those that they stand for.
    """
    known = {one.literals: one for one in found}
    kept: dict[tuple[tuple[int, int], ...], Conjunction] = {}
    for one in found:
        said = one
        while True:
            shorter = [
                known[less]
                for less in combinations(said.literals, len(said.literals) - 1)
                if less in known and known[less].score >= worth * one.score
            ]
            if not shorter:
                break
            said = max(shorter, key=lambda less: (less.score, less.literals))
        kept.setdefault(said.literals, said)
    return list(kept.values())


def distinct(
    found: Sequence[Conjunction], coded: Coded, errors: NDArray[np.float64], *, most: int, shared: float = 0.8
) -> list[Conjunction]:
    """Leave out each conjunction most of whose errors a better one holds already.

    Args:
        found: Conjunctions, the best first.
        coded: What they were found in.
        errors: See :func:`search`.
        most: How many to keep.
        shared: Share of the errors from which they are the same, in (0, 1].

    Returns:
        The rest, in their order.
    """
    wrong = np.flatnonzero(errors)
    amounts = errors[wrong]
    kept: list[tuple[Conjunction, NDArray[np.bool_]]] = []
    for one in found:
        if len(kept) == most:
            break
        inside = coded.of(one.literals, wrong)
        own = amounts[inside].sum()
        if all(amounts[inside & other].sum() < shared * own for _, other in kept):
            kept.append((one, inside))
    return [one for one, _ in kept]


class _Search:
    """One search: cells renumbered so that 0 is what no conjunction can use, and the best so far."""

    def __init__(self, coded: Coded, errors: NDArray[np.float64], options: ConjunctionOptions) -> None:
        self._options = options
        self._n = len(errors)
        self._errors = np.ascontiguousarray(errors, dtype=np.float64)
        self._total = float(self._errors.sum())
        self._largest = float(self._errors.max())
        self._spread = float(self._errors.std())
        self._support = least_support(options, self._n)
        self._best: list[_Found] = []
        self._cells: list[NDArray[np.uint8]] = []
        self._names: list[NDArray[np.int64]] = []  # the cell that each new number stands for
        self._attributes: list[int] = []
        self._bounds: dict[tuple[int, ...], float] = {}
        for attribute, (cells, size) in enumerate(zip(coded.cells, coded.sizes, strict=True)):
            self._recode(attribute, cells, size)

    def run(self) -> list[Conjunction]:
        level: list[tuple[int, ...]] = [(place,) for place in range(len(self._cells))]
        for order in range(1, self._options.order + 1):
            if order > 1:
                level = list(self._grown(order))
            # the most promising first: what they find rules others out
            level.sort(key=lambda places: -self._parent_bound(places))
            batch = max(16, len(level) // 16)
            for start in range(0, len(level), batch):
                least = self._least()
                work = [one for one in level[start : start + batch] if self._parent_bound(one) > least]
                counted: dict[tuple[int, ...], _Counted] = dict.fromkeys(work, (-np.inf, []))
                in_threads(partial(self._count_into, counted), work)
                for places in work:
                    self._bounds[places], found = counted[places]
                    self._keep(found)
        ranked = sorted(self._best, key=lambda one: (-one[0], len(one[1]), one[1]))
        return [Conjunction(literals, size, errors, score) for score, literals, size, errors in ranked]

    def _recode(self, attribute: int, cells: NDArray[np.integer], size: int) -> None:
        """Number the cells that have enough samples and any error from 1; leave out what has none."""
        shifted = np.asarray(cells, dtype=np.int64) + 1
        sizes = np.bincount(shifted, minlength=size + 1)
        sums = np.bincount(shifted, weights=self._errors, minlength=size + 1)
        used = (sizes >= self._support) & (sums > 0)
        used[0] = False
        if not used.any():
            return
        number = np.where(used, np.cumsum(used), 0).astype(np.uint8)
        self._cells.append(number[shifted])
        self._names.append(np.flatnonzero(used) - 1)
        self._attributes.append(attribute)

    def _grown(self, order: int) -> Iterator[tuple[int, ...]]:
        """Join attributes whose shorter combinations can all hold something good."""
        for places in combinations(range(len(self._cells)), order):
            if all(parent in self._bounds for parent in combinations(places, order - 1)):
                yield places

    def _parent_bound(self, places: tuple[int, ...]) -> float:
        parents = combinations(places, len(places) - 1)
        return min((self._bounds.get(one, np.inf) for one in parents), default=np.inf)

    def _least(self) -> float:
        """Give the score that a conjunction has to beat."""
        return self._best[0][0] if len(self._best) == self._options.most else 0.0

    def _keep(self, found: list[_Found]) -> None:
        for one in found:
            if len(self._best) < self._options.most:
                heapq.heappush(self._best, one)
            elif one[0] > self._best[0][0]:
                heapq.heapreplace(self._best, one)

    def _count_into(self, counted: dict[tuple[int, ...], "_Counted"], places: tuple[int, ...]) -> None:
        counted[places] = self._count(places)

    def _count(self, places: tuple[int, ...]) -> "_Counted":
        """Count one combination of attributes; gives a bound on the score of what it may be joined to."""
        from seatrial.mining.conjunction_kernels import count_cells, fold

        widths = [len(self._names[place]) + 1 for place in places]
        keys = np.zeros(self._n, dtype=np.int32)
        for place, width in zip(places[:-1], widths[:-1], strict=True):
            fold(keys, self._cells[place], width, keys)
        sizes = np.zeros(prod(widths), dtype=np.int64)
        sums = np.zeros(len(sizes))
        count_cells(keys, self._cells[places[-1]], widths[-1], self._errors, sizes, sums)
        shaped = np.ones(widths, dtype=np.bool_)
        for axis in range(len(widths)):
            np.moveaxis(shaped, axis, 0)[0] = False
        there = np.flatnonzero(shaped.ravel() & (sizes >= self._support) & (sums > 0))
        if not len(there):
            return -np.inf, []
        size, total = sizes[there], sums[there]
        scores = self._score(size, total)
        good = np.flatnonzero(scores > max(self._least(), 0.0))
        if len(good) > self._options.most:
            good = good[np.argsort(-scores[good], kind="stable")[: self._options.most]]
        cells = np.stack(np.unravel_index(there[good], widths), axis=1)
        found = [
            (
                float(scores[one]),
                tuple(
                    (self._attributes[place], int(self._names[place][cell - 1]))
                    for place, cell in zip(places, named, strict=True)
                ),
                int(size[one]),
                float(total[one]),
            )
            for one, named in zip(good.tolist(), cells.tolist(), strict=True)
        ]
        return float(self._bound(size, total).max()), found

    def _score(self, size: NDArray[Any], errors: NDArray[np.float64]) -> NDArray[np.float64]:
        mean = self._total / self._n
        inside = errors / size
        if self._options.score == "sliceline":
            weight = self._options.weight
            return np.asarray(weight * (inside / mean - 1) - (1 - weight) * (self._n / size - 1))
        rest = self._n - size
        outside = np.divide(self._total - errors, rest, out=np.full(len(size), mean), where=rest > 0)
        return np.where(rest > 0, (inside - outside) / (self._spread or 1.0), 0.0)

    def _bound(self, size: NDArray[np.int64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bound the score of any part of a conjunction that has enough samples.

        A part of s samples has at most ``min(errors, s · largest error)`` of the errors. The score rises with
        the errors, and over s it is monotonic on both sides of where the two meet: the best is at one of
        three sizes.
        """
        meet = np.clip(errors / self._largest, self._support, size)
        candidates = (np.full(len(size), float(self._support)), np.floor(meet), np.ceil(meet), size)
        best = np.full(len(size), -np.inf)
        for one in candidates:
            parts = np.maximum(np.asarray(one, dtype=np.float64), 1.0)
            # the sums of floats may be off by rounding: never bound too low
            amount = np.minimum(errors, parts * self._largest) * (1 + 1e-9)
            best = np.maximum(best, self._score(parts, amount))
        return best + 1e-9

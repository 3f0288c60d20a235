"""One or two models on the same annotated samples, measured slice by slice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.datasets import Task
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics import METRICS, ClassificationSamples, Computed, DetectionSamples, Samples, compute
from seatrial.metrics.sufficient import Key
from seatrial.progress import Advance, progress
from seatrial.slices.attribute import read_attribute
from seatrial.slices.cell import Cell
from seatrial.slices.class_matched import ClassMatched
from seatrial.slices.draws import Draws
from seatrial.slices.intervals import Scale
from seatrial.slices.membership import Slice
from seatrial.slices.object_level import ObjectLevel
from seatrial.slices.options import MeasureOptions
from seatrial.slices.reading import read_samples
from seatrial.slices.report import ALL, Role, SliceRow
from seatrial.slices.resampling import Wanted, resample
from seatrial.statistics import PoissonWeights

__all__ = ["ROLES", "Comparison", "Measured", "drawn_together"]

ROLES: tuple[Role, ...] = ("candidate", "baseline")


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured slice by slice.

    Attributes:
        rows: One per slice, metric and class.
        matched: For each slice that lacks classes, the models' values on everything over its classes alone;
            see :class:`~seatrial.slices.class_matched.ClassMatched`.
    """

    rows: tuple[SliceRow, ...]
    matched: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class _Part:
    """One slice and the samples to measure on it.

    Attributes:
        slice: The slice.
        models: The models' samples.
        index: Places of the samples that are measured, ascending, shape (m,).
        n: Samples of the slice that carry a truth: images, or objects.
        units: Independent samples, or groups, that hold them.
        per_class: Whether rows by class are wanted.
    """

    slice: Slice
    models: tuple[Samples, ...]
    index: NDArray[np.int64]
    n: int
    units: int
    per_class: bool


@dataclass(frozen=True)
class Comparison:
    """One or two models on the annotated samples.

    Attributes:
        task: What they are evaluated for.
        models: The candidate's samples, and the champion's in the same order.
        place: Place of each row of the table among the annotated ones, −1 where it carries no truth.
        groups: What is drawn together: a number for each annotated sample, not negative.
        texts: Gives the group's text for each annotated sample, which the bootstrap hashes; strings.
        options: How to measure.
    """

    task: Task
    models: tuple[Samples, ...]
    place: NDArray[np.int64]
    groups: NDArray[np.int64]
    texts: Callable[[], pa.Array]
    options: MeasureOptions

    @classmethod
    def of(
        cls, candidate: EvaluationTable, baseline: EvaluationTable | None, options: MeasureOptions
    ) -> "Comparison":
        """Take the annotated rows of the candidate, and of a champion whose rows are in the same order.

        Raises:
            InputError: No sample carries a truth, a truth or prediction is not valid, or there is no such
                column to group by.
        """
        samples, kept = read_samples(candidate, options)
        if len(kept) == 0:
            has = "has a label" if candidate.header.task == "classification" else "is annotated"
            raise InputError(
                f"none of the {len(candidate)} samples of {candidate.header.dataset!r} {has}: "
                "nothing to measure"
            )
        models = (samples,) if baseline is None else (samples, read_samples(baseline, options)[0])
        place = np.full(len(candidate), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        groups, texts = drawn_together(candidate.samples, kept, options.group)
        return cls(candidate.header.task, models, place, groups, texts, options)

    @cached_property
    def group_count(self) -> int:
        """How many groups there are, a sample without one being its own."""
        return self._units(self.everything)

    @cached_property
    def independent(self) -> bool:
        """Whether no two samples are of one group."""
        return self.group_count == len(self.groups)

    @property
    def objects(self) -> int:
        """How many true objects count: neither crowds nor ignored; none but for detection."""
        first = self.models[0]
        return int((~first.truths.ignored).sum()) if isinstance(first, DetectionSamples) else 0

    @cached_property
    def everything(self) -> NDArray[np.int64]:
        """Places of all samples that carry a truth."""
        return np.arange(len(self.groups), dtype=np.int64)

    def measured(self, slices: Sequence[Slice], objects: ObjectLevel | None) -> Measured:
        """Measure slices of images, the first of which is everything, then slices of objects."""
        count = len(slices) + (len(objects.slices) if objects else 0)
        replicates = self.options.replicates
        total, unit = (count * replicates, "replicates") if replicates else (count, "slices")
        rows: list[SliceRow] = []
        matched = ClassMatched(ROLES)
        with progress("measure slices", total, unit) as advance:
            for parts in self._parts(slices, objects):
                for part, draws in zip(parts, self._draws(parts, advance), strict=True):
                    points = tuple(self._points(model, part) for model in part.models)
                    if self.task != "classification":
                        matched.add(part.slice.name, points)
                    rows.extend(self._slice_rows(part, points, draws))
                    if not replicates:
                        advance(1)
        return Measured(tuple(rows), matched.entries())

    def annotated(self, one: Slice) -> NDArray[np.int64]:
        """Find the places of a slice's images that carry a truth."""
        return self._places(one.index)

    def _places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(self.groups) == len(self.place):
            return rows  # all carry a truth
        places = self.place[rows]
        return places[places >= 0]

    def by_class(self, one: Slice) -> bool:
        """Whether numbers by class are wanted on a slice: on everything, and where there are few classes."""
        return one.name == ALL or len(self.models[0].classes) <= self.options.per_class_limit

    def _parts(self, slices: Sequence[Slice], objects: ObjectLevel | None) -> Iterator[list[_Part]]:
        """Give the slices that share their samples together; those of objects one by one."""
        yield [self._of_images(one) for one in slices]
        for one in objects.slices if objects else ():
            assert objects is not None
            units = self._units(self._places(objects.images(one)))
            index = self.everything if len(one.index) else self.everything[:0]
            models = objects.models(one, self.models)
            yield [_Part(one, models, index, len(one.index), units, self.by_class(one))]

    def _of_images(self, one: Slice) -> _Part:
        index = self.annotated(one)
        units = len(index) if self.independent else self._units(index)
        return _Part(one, self.models, index, len(index), units, self.by_class(one))

    def _draws(self, parts: Sequence[_Part], advance: Advance) -> Iterator[tuple[Draws, ...]]:
        if not self.options.replicates:
            return iter([tuple({} for _ in self.models)] * len(parts))
        names = tuple(name for name in self._names if not self._is_share(name, None))
        return resample(
            parts[0].models,
            [Wanted(part.index, names, part.per_class) for part in parts],
            self._weights,
            replicates=self.options.replicates,
            advance=advance,
        )

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = self.options.of_task(self.task)
        if self.options.metrics is not None or any(model.off_core is not None for model in self.models):
            return names
        return tuple(name for name in names if not METRICS[name].explained)

    @cached_property
    def _weights(self) -> PoissonWeights:
        return PoissonWeights(self.options.seed, self.texts().to_pylist())

    def _slice_rows(
        self, part: _Part, points: tuple[dict[Key, Computed], ...], draws: tuple[Draws, ...]
    ) -> Iterator[SliceRow]:
        compared = len(self.models) > 1
        for key in points[0]:
            if key[1] is not None and not part.per_class:
                continue
            cell = Cell(
                key,
                self._correct(key, part.index),
                tuple(of_model[key] for of_model in points),
                tuple(of_model.get(key) for of_model in draws),
                Scale.of(
                    METRICS[key[0]],
                    len(self.models[0].classes),
                    units=part.units,
                    confidence=self.options.confidence,
                ),
            )
            yield SliceRow(
                part.slice.name,
                part.slice.family,
                part.slice.attributes,
                part.slice.level,
                *key,
                n=part.n,
                candidate=cell.estimate(0),
                baseline=cell.estimate(1) if compared else None,
                difference=cell.difference() if compared else None,
            )

    def _units(self, index: NDArray[np.int64]) -> int:
        """Count the groups that some samples are of."""
        return int(np.count_nonzero(np.bincount(self.groups[index])))

    def _points(self, model: Samples, part: _Part) -> dict[Key, Computed]:
        """Give the values under weights of one: metrics first, then by class.

        No value rests on more samples than the slice has: of a detector's, some rest on objects, of which
        there are more than images, and on a slice of objects some rest on images.
        """
        ones = np.ones((1, len(part.index)), dtype=np.uint8)
        per_class = part.per_class or self.task != "classification"
        found = compute(model, part.index, ones, self._names, per_class=per_class)
        if self.task != "classification":
            found = {key: replace(one, n=min(one.n, part.n)) for key, one in found.items()}
        return dict(sorted(found.items(), key=lambda item: item[0][1] is not None))

    def _is_share(self, name: str, class_: str | None) -> bool:
        """Whether a value is a share of independent samples, each simply right or wrong."""
        simple = self.task == "classification" and self.independent
        return simple and METRICS[name].is_proportion(class_)

    def _correct(self, key: Key, index: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...] | None:
        """Say which samples each model has right, where the metric is a share of independent samples."""
        if not self._is_share(*key):
            return None
        models = [model for model in self.models if isinstance(model, ClassificationSamples)]
        if key[1] is not None:
            index = index[models[0].truth[index] == models[0].classes.index(key[1])]
        return tuple(model.correct[index] for model in models)


def drawn_together(
    samples: pa.Table, kept: NDArray[np.int64], column: str | None
) -> tuple[NDArray[np.int64], Callable[[], pa.Array]]:
    """Number and name what each sample is drawn with: its group, or itself. The two share no name.

    Args:
        samples: An evaluation's samples.
        kept: Which rows of them, shape (n,).
        column: The column that groups samples; None for ``group``.

    Returns:
        A number for each, not negative, shape (n,), and what gives each a text.

    Raises:
        InputError: There is no such column.
    """
    alone = np.arange(len(kept), dtype=np.int64)

    def names() -> pa.Array:
        ids = samples.column("id").take(pa.array(kept)).combine_chunks().cast(pa.string())
        return pc.binary_join_element_wise("id", ids, " ")

    if column is None and "group" not in samples.column_names:
        return alone, names
    groups = read_attribute(samples, column or "group", place="the column that groups samples: ")
    codes = groups.codes[kept]

    def texts() -> pa.Array:
        labels = pa.array(groups.labels, pa.string()).take(pa.array(codes, mask=codes < 0))
        return pc.coalesce(pc.binary_join_element_wise("group", labels, " "), names())

    return np.where(codes < 0, len(groups.labels) + alone, codes), texts

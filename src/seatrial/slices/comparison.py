"""One or two models on the same labelled samples, measured slice by slice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.metrics import METRICS, ClassificationSamples, Computed, compute, reliability
from seatrial.progress import progress
from seatrial.slices.attribute import read_attribute
from seatrial.slices.cell import Cell
from seatrial.slices.intervals import Scale
from seatrial.slices.membership import Slice
from seatrial.slices.options import MeasureOptions
from seatrial.slices.report import ALL, ConfusionCell, SliceRow
from seatrial.slices.resampling import Draws, Key, Wanted, resample
from seatrial.statistics import PoissonWeights

__all__ = ["Comparison"]

_ROLES: tuple[Literal["candidate", "baseline"], ...] = ("candidate", "baseline")


@dataclass(frozen=True)
class Comparison:
    """One or two models on the labelled samples.

    Attributes:
        models: The candidate's samples, and the champion's in the same order.
        place: Place of each row of the table among the labelled ones, −1 where unlabelled.
        groups: What is drawn together: a number for each labelled sample, not negative.
        texts: The group's text for each labelled sample, which the bootstrap hashes.
        options: How to measure.
    """

    models: tuple[ClassificationSamples, ...]
    place: NDArray[np.int64]
    groups: NDArray[np.int64]
    texts: tuple[str, ...]
    options: MeasureOptions

    @classmethod
    def of(
        cls, candidate: EvaluationTable, baseline: EvaluationTable | None, options: MeasureOptions
    ) -> "Comparison":
        """Take the labelled rows of the candidate, and of a champion whose rows are in the same order.

        Raises:
            InputError: No sample has a label, a label or score is not valid, or there is no such column to
                group by.
        """
        samples, kept = ClassificationSamples.from_evaluation(candidate)
        if len(kept) == 0:
            raise InputError(
                f"none of the {len(candidate)} samples of {candidate.header.dataset!r} has a label: "
                "nothing to measure"
            )
        models = (
            (samples,) if baseline is None else (samples, ClassificationSamples.from_evaluation(baseline)[0])
        )
        place = np.full(len(candidate), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        groups, texts = _groups(candidate.samples, kept, options.group)
        return cls(models, place, groups, texts, options)

    @cached_property
    def group_count(self) -> int:
        """How many groups there are, a sample without one being its own."""
        return self._units(np.arange(len(self.groups), dtype=np.int64))

    @cached_property
    def independent(self) -> bool:
        """Whether no two samples are of one group."""
        return self.group_count == len(self.groups)

    def rows(self, slices: Sequence[Slice]) -> Iterator[SliceRow]:
        """Measure the slices one after the other."""
        names = self.options.of_task("classification")
        wanted = [Wanted(self._labelled(one), names, self._by_class(one)) for one in slices]
        drawn = [Wanted(one.index, self._resampled(names), one.per_class) for one in wanted]
        replicates = self.options.replicates
        total, unit = (len(slices) * replicates, "replicates") if replicates else (len(slices), "slices")
        with progress("measure slices", total, unit) as advance:
            draws: Iterator[tuple[Draws, ...]] = (
                resample(
                    self.models,
                    drawn,
                    PoissonWeights(self.options.seed, self.texts),
                    replicates=replicates,
                    advance=advance,
                )
                if replicates
                else iter([tuple({} for _ in self.models)] * len(slices))
            )
            for one, what, replicated in zip(slices, wanted, draws, strict=True):
                yield from self._slice_rows(one, what, replicated)
                if not replicates:
                    advance(1)

    def confusion(self, slices: Sequence[Slice]) -> Iterator[ConfusionCell]:
        """Count what was taken for what, on every slice, for each model."""
        for one in slices:
            index = self._labelled(one)
            for role, model in zip(_ROLES, self.models, strict=False):
                for truth, prediction, count in model.confusion(index):
                    yield ConfusionCell(
                        one.name, role, model.classes[truth], model.classes[prediction], int(count)
                    )

    def reliability(self) -> Iterator[dict[str, Any]]:
        """Compare confidence and accuracy of each model on everything."""
        everything = np.arange(len(self.groups), dtype=np.int64)
        for role, model in zip(_ROLES, self.models, strict=False):
            for one in reliability(model, everything):
                yield {"model": role, **one}

    def _labelled(self, one: Slice) -> NDArray[np.int64]:
        places = self.place[one.index]
        return places[places >= 0]

    def _by_class(self, one: Slice) -> bool:
        return one.name == ALL or len(self.models[0].classes) <= self.options.per_class_limit

    def _resampled(self, names: Sequence[str]) -> tuple[str, ...]:
        """Leave out what needs no bootstrap."""
        return tuple(name for name in names if not (self.independent and METRICS[name].is_proportion(None)))

    def _slice_rows(self, one: Slice, what: Wanted, draws: tuple[Draws, ...]) -> Iterator[SliceRow]:
        points = [self._points(model, what) for model in self.models]
        units = len(what.index) if self.independent else self._units(what.index)
        for key in points[0]:
            cell = Cell(
                key,
                self._correct(key, what.index),
                tuple(of_model[key] for of_model in points),
                tuple(of_model.get(key) for of_model in draws),
                Scale.of(
                    METRICS[key[0]],
                    len(self.models[0].classes),
                    units=units,
                    confidence=self.options.confidence,
                ),
            )
            compared = len(self.models) > 1
            yield SliceRow(
                one.name,
                one.family,
                one.attributes,
                one.level,
                *key,
                n=len(what.index),
                candidate=cell.estimate(0),
                baseline=cell.estimate(1) if compared else None,
                difference=cell.difference() if compared else None,
            )

    def _units(self, index: NDArray[np.int64]) -> int:
        """Count the groups that some samples are of."""
        return int(np.count_nonzero(np.bincount(self.groups[index])))

    def _points(self, model: ClassificationSamples, what: Wanted) -> dict[Key, Computed]:
        """Give the values under weights of one: metrics first, then by class."""
        ones = np.ones((1, len(what.index)), dtype=np.uint8)
        found = compute(model, what.index, ones, what.metrics, per_class=what.per_class)
        return dict(sorted(found.items(), key=lambda item: item[0][1] is not None))

    def _correct(self, key: Key, index: NDArray[np.int64]) -> tuple[NDArray[np.bool_], ...] | None:
        """Say which samples each model has right, where the metric is a share of independent samples."""
        name, class_ = key
        if not (self.independent and METRICS[name].is_proportion(class_)):
            return None
        if class_ is not None:
            index = index[self.models[0].truth[index] == self.models[0].classes.index(class_)]
        return tuple(model.correct[index] for model in self.models)


def _groups(
    samples: pa.Table, kept: NDArray[np.int64], column: str | None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number and name what each sample is drawn with: its group, or itself. The two share no name."""
    ids = samples.column("id").take(pa.array(kept)).to_pylist()
    alone = np.arange(len(kept), dtype=np.int64)
    if column is None and "group" not in samples.column_names:
        return alone, tuple(f"id {one}" for one in ids)
    groups = read_attribute(samples, column or "group", place="the column that groups samples: ")
    codes = groups.codes[kept]
    texts = (
        f"id {one}" if code < 0 else f"group {groups.labels[code]}"
        for one, code in zip(ids, codes.tolist(), strict=True)
    )
    return np.where(codes < 0, len(groups.labels) + alone, codes), tuple(texts)

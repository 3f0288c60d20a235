"""Candidate and champion on the same samples, row by row; never on the samples that happen to agree."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationTable
from seatrial.slices.truths import in_order, object_problems, pixel_problems, with_truths

__all__ = ["Pairing", "pair"]


@dataclass(frozen=True)
class Pairing:
    """A champion brought into the candidate's order, or why that cannot be.

    Attributes:
        baseline: The champion's rows in the candidate's order, its classes and scores in the candidate's
            order of classes, its objects and pixels in the order of the images, its predictions beside the
            candidate's truths; None where the two were not evaluated on the same samples.
        problems: How the samples differ, one sentence each; empty where they are the same.
    """

    baseline: EvaluationTable | None
    problems: tuple[str, ...] = ()


def pair(candidate: EvaluationTable, baseline: EvaluationTable) -> Pairing:
    """Bring a champion's evaluation into the candidate's order.

    The two are the same samples when the data sets have one digest, the same images were evaluated by
    both, and their truths agree: labels, objects, or the pixels of each class. An image that failed for one
    of the two alone makes them differ.

    Raises:
        InputError: The two are of different tasks or sets of classes, or one has an id twice.
    """
    _check_comparable(candidate, baseline)
    first, second = _ids(candidate, "candidate"), _ids(baseline, "champion")
    problems = [*_data_set_problems(candidate, baseline), *_id_problems(candidate, baseline)]
    order = pc.index_in(first, value_set=second)
    if len(first) != len(second) or order.null_count:
        return Pairing(None, tuple(problems))
    alike = first.equals(second)
    samples = baseline.samples if alike else baseline.samples.take(order)
    problems.extend(_label_problems(first, candidate.samples, samples))
    if candidate.objects is not None and baseline.objects is not None:
        problems.extend(object_problems(first, candidate.objects, baseline.objects))
    if candidate.pixels is not None and baseline.pixels is not None:
        problems.extend(pixel_problems(first, candidate.pixels, baseline.pixels))
    if problems:
        return Pairing(None, tuple(problems))
    rows = slice(None) if alike else np.asarray(order, dtype=np.int64)
    return Pairing(_reordered(candidate, baseline, samples, rows))


def _check_comparable(candidate: EvaluationTable, baseline: EvaluationTable) -> None:
    ours, theirs = candidate.header, baseline.header
    if ours.task != theirs.task:
        raise InputError(
            f"expected a champion evaluated for {ours.task}, as the candidate is, got {theirs.task}"
        )
    added, gone = (
        sorted(set(ours.classes) - set(theirs.classes)),
        sorted(set(theirs.classes) - set(ours.classes)),
    )
    if added or gone:
        parts = []
        if added:
            parts.append(f"only the candidate knows {examples(added)}")
        if gone:
            parts.append(f"only the champion knows {examples(gone)}")
        raise InputError(
            f"candidate and champion must have the same classes (in any order): {'; '.join(parts)}"
        )


def _ids(table: EvaluationTable, role: str) -> pa.Array:
    ids = _texts(table)
    if pc.count_distinct(ids, mode="all").as_py() != len(ids):
        repeated = [one for one, count in Counter(ids.to_pylist()).items() if count > 1]
        raise InputError(f"the {role}'s evaluation has ids more than once: {examples(repeated)}")
    return ids


def _texts(table: EvaluationTable) -> pa.Array:
    return table.samples.column("id").cast(pa.string()).combine_chunks()


def _data_set_problems(candidate: EvaluationTable, baseline: EvaluationTable) -> list[str]:
    ours, theirs = candidate.header, baseline.header
    if ours.dataset_digest == theirs.dataset_digest:
        return []
    problem = (
        f"the data sets differ: candidate on {ours.dataset!r} ({ours.dataset_digest}), "
        f"champion on {theirs.dataset!r} ({theirs.dataset_digest})"
    )
    return [problem]


def _id_problems(candidate: EvaluationTable, baseline: EvaluationTable) -> list[str]:
    """Say which samples only one of the two has, and whether that is because the image failed."""
    problems = []
    roles = (("champion", baseline, candidate), ("candidate", candidate, baseline))
    for role, lacking, having in roles:
        ids, there = (_texts(one) for one in (having, lacking))
        absent = ids.filter(pc.invert(pc.is_in(ids, value_set=there))).to_pylist()
        failed = {failure.id for failure in lacking.header.failures}
        for verb, ids in (
            ("could not be read for", [one for one in absent if one in failed]),
            ("are missing in the evaluation of", [one for one in absent if one not in failed]),
        ):
            if ids:
                problems.append(f"{len(ids)} images {verb} the {role} alone: {examples(ids)}")
    return problems


def _label_problems(ids: pa.Array, ours: pa.Table, theirs: pa.Table) -> list[str]:
    problems = []
    for column in ("label", "annotated", "group"):
        if column not in ours.column_names or column not in theirs.column_names:
            continue
        if ours.column(column).equals(theirs.column(column)):
            continue
        first, second = ours.column(column).to_pylist(), theirs.column(column).to_pylist()
        differing = [
            f"{one}: {a!r} and {b!r}"
            for one, a, b in zip(ids.to_pylist(), first, second, strict=True)
            if a != b
        ]
        if differing:
            problems.append(f"{len(differing)} samples have another {column}: {examples(differing)}")
    return problems


def _reordered(
    candidate: EvaluationTable, baseline: EvaluationTable, samples: pa.Table, rows: slice | NDArray[np.int64]
) -> EvaluationTable:
    classes, ids = candidate.header.classes, _texts(candidate)
    columns = [baseline.header.classes.index(name) for name in classes]
    objects = baseline.objects
    if candidate.objects is not None and objects is not None:
        objects = with_truths(ids, candidate.objects, objects)
    return EvaluationTable(
        replace(baseline.header, classes=classes),
        samples,
        None if baseline.scores is None else _in_columns(baseline.scores[rows], columns),
        objects=objects,
        pixels=None if baseline.pixels is None else in_order(ids, baseline.pixels),
    )


def _in_columns(scores: NDArray[np.float32], columns: list[int]) -> NDArray[np.float32]:
    return scores if columns == list(range(len(columns))) else scores[:, columns]

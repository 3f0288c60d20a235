"""Find the groups on which a model fails, confirm them, and say which attributes matter and why."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable, Explanations
from seatrial.files import atomic_folder, check_folder, write_json, write_text
from seatrial.mining.blind_spot_page import blind_spots_markdown
from seatrial.mining.blind_spot_report import BlindSpotReport
from seatrial.mining.blind_spots import BlindSpot, BlindSpots, SearchOptions, find_blind_spots
from seatrial.mining.causes import Causes, GroupCause, assign_causes, group_cause
from seatrial.mining.change import compare_models
from seatrial.mining.importance import attribute_importance, curves
from seatrial.neighbours import Embeddings
from seatrial.progress import progress
from seatrial.slices import Predicate, parse
from seatrial.slices.conditions import And
from seatrial.slices.report import BACKGROUND

__all__ = ["WRITTEN", "run"]

#: Files that the step writes.
WRITTEN = ("blind_spots.json", "blind_spots.md", "proposed_slices.yaml", "causes.parquet", "groups.parquet")

_STAGES = 4

#: The column of the truth.
_TRUTH = "label"


def run(
    evaluation: Path,
    out: Path,
    *,
    train: Path | None = None,
    baseline: Path | None = None,
    embeddings: Path | None = None,
    explanations: Path | None = None,
    options: SearchOptions | None = None,
) -> BlindSpotReport:
    """Find blind spots and write them.

    Args:
        evaluation: Folder of the evaluation.
        out: Folder to write ``blind_spots.json``, ``blind_spots.md``, ``proposed_slices.yaml``,
            ``causes.parquet`` and ``groups.parquet`` into.
        train: Folder of the same model's evaluation of its training data, with embeddings: evidence for
            causes.
        baseline: Folder of another model's evaluation of the same data set: what was fixed and broken.
        embeddings: Folder of embeddings of the images, or of the objects, by any model; None for those that
            the evaluation holds.
        explanations: Folder that ``explain-errors`` wrote: evidence for causes.
        options: How to look.

    Returns:
        The report, as it was written.

    Raises:
        InputError: An input cannot be read or used, or ``out`` cannot be written.
    """
    options = options or SearchOptions()
    check_folder(out, WRITTEN)
    table = EvaluationTable.read(evaluation)
    if table.header.shard != (0, 1):
        raise InputError(
            f"{evaluation} is shard {table.header.shard[0] + 1} of {table.header.shard[1]}: "
            "merge the shards first"
        )
    training = None if train is None else EvaluationTable.read(train)
    other = None if baseline is None else EvaluationTable.read(baseline)
    vectors = None if embeddings is None else Embeddings.read(embeddings)
    looked = None if explanations is None else Explanations.read(explanations)
    with progress("find blind spots", _STAGES, "stages") as advance:
        found = find_blind_spots(table, options, embeddings=vectors)
        advance(1)
        confidence = 1 - options.alpha
        importance = attribute_importance(
            found.axes, found.failures, found.confirming, confidence=confidence, seed=options.seed
        )
        along = curves(found.axes, found.failures, confidence)
        advance(1)
        causes, of_groups = _causes(table, found, training, looked)
        advance(1)
        change = None if other is None else compare_models(table, other, options, embeddings=vectors)
        advance(1)
    report = BlindSpotReport(
        table.header,
        EvaluationTable.digest(evaluation),
        found,
        importance,
        along,
        of_groups,
        change,
        _told(options),
        tuple(_unknown(training, looked)),
    )
    _write(report, causes, out)
    return report


def _write(report: BlindSpotReport, causes: Causes, out: Path) -> None:
    with atomic_folder(out, WRITTEN) as folder:
        write_json(folder / "blind_spots.json", report.to_json())
        write_text(folder / "blind_spots.md", blind_spots_markdown(report))
        write_text(folder / "proposed_slices.yaml", report.proposed())
        causes.write(folder / "causes.parquet")
        pq.write_table(report.members().combine_chunks(), folder / "groups.parquet")


def _told(options: SearchOptions) -> dict[str, Any]:
    return asdict(options)


def _unknown(training: EvaluationTable | None, looked: Explanations | None) -> list[str]:
    notes = []
    if training is None:
        notes.append(
            "without an evaluation of the training data, nothing is said to be rare or wrongly labelled"
        )
    if looked is None:
        notes.append("without explanations, nothing is said to be spurious")
    return notes


def _causes(
    table: EvaluationTable,
    found: BlindSpots,
    training: EvaluationTable | None,
    looked: Explanations | None,
) -> tuple[Causes, dict[str, GroupCause]]:
    """Assign a cause to every error, and find the one that most errors of a group share."""
    failures = found.failures
    errors = np.flatnonzero(found.error)
    place = np.full(len(failures), -1, dtype=np.int64)
    place[errors] = np.arange(len(errors))
    cells = [
        tuple(None if name == BACKGROUND else name for name in failures.cell(unit))
        for unit in errors.tolist()
    ]
    objects = None if failures.object is None else failures.object[errors].tolist()
    causes = assign_causes(
        table,
        failures.row[errors],
        train=training,
        explanations=looked,
        cells=[(truth, prediction) for truth, prediction in cells],
        objects=objects,
    )
    groups = {
        group.name: group_cause(
            causes, place[group.errors], train=training, described=_described(group, training)
        )
        for group in found.groups
    }
    return causes, groups


def _described(group: BlindSpot, training: EvaluationTable | None) -> NDArray[np.bool_] | None:
    """Find the training samples that a group's predicate holds on; None where it cannot be asked.

    What it says of the truth is left out: the question is which class the rest of it goes with in training.
    """
    description = group.candidate.description
    where = group.candidate.spec.where if description is None else description.where
    if training is None or where is None or group.candidate.spec.level == "object":
        return None
    try:
        predicate = parse(where)
        condition = predicate.condition
        parts = condition.conditions if isinstance(condition, And) else (condition,)
        kept = tuple(one for one in parts if getattr(one, "column", None) != _TRUTH)
        columns = tuple(name for name in predicate.columns if name != _TRUTH)
        return Predicate(where, And(kept), columns).mask(training.samples) if kept else None
    except InputError:  # the training data lacks an attribute of the predicate
        return None

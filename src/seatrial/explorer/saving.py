"""A choice of samples becomes a slice, a scenario or a batch to label."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.errors import InputError
from seatrial.explorer.notes import Notes, checked_name
from seatrial.explorer.opened import OpenedEvaluation
from seatrial.explorer.selection import Choice
from seatrial.files import atomic_folder
from seatrial.labelling import LabellingQueue, QueueItem, SuggestedBox, export
from seatrial.slices import SliceSpec
from seatrial.steps import scenarios

__all__ = ["Kind", "save"]

Kind = Literal["slice", "scenario", "labelling"]

#: A scenario or a frozen slice of more samples than this is a data set of its own.
MOST_FROZEN = 10_000


def save(
    kind: Kind,
    name: str,
    because: str,
    solved: Mapping[str, str | float],
    query: Choice,
    chosen: NDArray[np.bool_],
    opened: OpenedEvaluation,
    notes: Notes,
) -> Path:
    """Keep a choice of samples.

    Args:
        kind: As what.
        name: What it is called.
        because: Why; a scenario needs a reason.
        solved: What solves a scenario: ``metric`` and ``min``; nothing where every sample has to be right,
            which only a classifier can be asked for.
        query: The choice; a predicate alone is kept as one, anything else as a list of samples.
        chosen: The samples that it chooses, shape (n,).
        opened: The evaluation.
        notes: Where it is kept.

    Returns:
        The file or folder that holds it.

    Raises:
        InputError: Nothing is chosen, too much is to be frozen, or the name is taken.
    """
    checked_name(name)
    rows = query.ordered(opened, chosen)
    if not len(rows):
        raise InputError("no sample is chosen: there is nothing to save")
    if kind != "labelling" and not (kind == "slice" and query.is_predicate) and len(rows) > MOST_FROZEN:
        raise InputError(
            f"{len(rows)} samples are chosen, at most {MOST_FROZEN} can be frozen: choose fewer, or "
            "choose them by a predicate alone"
        )
    match kind:
        case "slice":
            return notes.keep_slice(name, _spec(query, opened, rows))
        case "scenario":
            ids = [opened.ids[row] for row in rows]
            suite = notes.folder / "scenarios.yaml"
            scenarios.add(suite, name, opened.folder, because=because, ids=ids, expect=solved or None)
            return suite
        case "labelling":
            return _export(name, because, opened, rows, notes.folder)


def _spec(query: Choice, opened: OpenedEvaluation, rows: NDArray[np.int64]) -> SliceSpec:
    if query.is_predicate:
        return SliceSpec(where=query.where.strip())
    samples = opened.table.samples
    known = "content" in samples.column_names
    content = samples.column("content").take(np.sort(rows)).to_pylist() if known else [None] * len(rows)
    return SliceSpec(ids={opened.ids[row]: one for row, one in zip(np.sort(rows), content, strict=True)})


def _export(name: str, because: str, opened: OpenedEvaluation, rows: NDArray[np.int64], notes: Path) -> Path:
    folder = notes / ("labelling-" + (re.sub(r"\W+", "-", name).strip("-").lower() or "batch"))
    if folder.exists():
        raise InputError(f"{folder} is there already: give this batch another name")
    header = opened.table.header
    manifest = _manifest(name, opened)
    boxes = _predicted_boxes(opened) if header.task == "detection" else {}
    items = [
        QueueItem(
            opened.ids[row],
            float(np.nan_to_num(opened.outcomes.error[row])),
            because or "chosen in the explorer",
            group=name,
            suggested_label=opened.outcomes.said[row] if header.task == "classification" else None,
            boxes=boxes.get(opened.ids[row], ()),
        )
        for row in rows.tolist()
    ]
    queue = LabellingQueue.of(manifest, items)
    with atomic_folder(folder, ()) as made:
        queue.write(made)
        export(queue, made)
    return folder


def _manifest(name: str, opened: OpenedEvaluation) -> DatasetManifest:
    """Give the samples as a data set: a batch suggests what the model says, not the truth that is there."""
    header, samples = opened.table.header, opened.table.samples
    if header.task == "segmentation" and "mask_content" not in samples.column_names:
        samples = samples.append_column("mask_content", pa.nulls(len(samples), pa.string()))
    objects = OBJECT_SCHEMA.empty_table() if header.task == "detection" else None
    return DatasetManifest(name, header.task, header.classes, samples, objects)


def _predicted_boxes(opened: OpenedEvaluation) -> dict[str, tuple[SuggestedBox, ...]]:
    found: dict[str, list[SuggestedBox]] = {}
    objects = opened.table.objects
    assert objects is not None  # a detection's evaluation has them
    columns = ("image", "role", "class", "x", "y", "width", "height", "score")
    for image, role, label, x, y, width, height, score in zip(
        *(objects.column(one).to_pylist() for one in columns), strict=True
    ):
        if role == "prediction" and score >= _SUGGESTED:
            found.setdefault(image, []).append(SuggestedBox(label, x, y, width, height, score))
    return {image: tuple(boxes) for image, boxes in found.items()}


#: Predictions from this score on are suggested to whoever labels.
_SUGGESTED = 0.5

"""Show where a model looks when it fails, cell by cell, and measure how much of that is beside the point."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from seatrial.datasets import DatasetManifest
from seatrial.digests import digest_json
from seatrial.errors import InputError, ModelError, examples
from seatrial.evaluation import EXPLANATION_SCHEMA, EvaluationTable, Explanations
from seatrial.evaluation.explanations import WRITTEN as EXPLANATIONS_WRITTEN
from seatrial.files import atomic_folder, check_folder
from seatrial.inference import ModelOptions
from seatrial.mining.explaining import Chosen, CoreSource, cells_of, choose, hashed_order, slice_views
from seatrial.mining.failures import KINDS, Failures
from seatrial.progress import progress
from seatrial.slices import SliceSpec

if TYPE_CHECKING:
    from seatrial.inference.saliency import Explained, Explainer, ExplainOptions, Request
    from seatrial.steps.evaluate_model import Plan

__all__ = ["CHUNK", "WRITTEN", "run"]

#: Explanations after which results are put aside, so that an interrupted run continues from there.
CHUNK = 256

#: Files that a folder of explanations consists of.
WRITTEN = (*EXPLANATIONS_WRITTEN, "confusion_cells.json", "explanations.html", "sheet-*.png")

_DEFAULT_OPTIONS = ModelOptions()
_BACKGROUND = "background"

#: Images into which windows are pasted, of one class and in all.
_OF_A_CLASS, _MOST_REFERENCES = 4, 16


def run(
    evaluation: Path,
    model: str,
    dataset: str,
    out: Path,
    *,
    options: ModelOptions = _DEFAULT_OPTIONS,
    core: str | None = None,
    slices: Mapping[str, SliceSpec] | None = None,
    method: str = "auto",
    layer: str | None = None,
    per_cell: int = 20,
    cells: int = 30,
    draw: int | None = 200,
    seed: int = 7,
    side: int = 14,
    windows: int = 7,
    device: str = "auto",
    batch_size: int | None = None,
    workers: int | None = None,
    force: bool = False,
) -> Explanations:
    """Explain failures, and a draw of everything to compare them with, and write what was found.

    Writes ``explanations.parquet`` and ``explanations.json`` (see
    :class:`~seatrial.evaluation.Explanations`), ``confusion_cells.json`` (every confusion cell: its samples
    worst first, its mean map, its off-core share; the same by slice), ``explanations.html`` and
    ``sheet-01.png`` …, a sheet of pictures a cell.

    A run that was interrupted continues after its last finished part and gives the same bytes; explanations
    that are there for the same model, data and options are returned as they are.

    Args:
        evaluation: What the model did.
        model: URI of the model that was evaluated.
        dataset: Specification of the data set that it was evaluated on.
        out: Folder to write.
        options: How the model is loaded, fed and read; those of the evaluation.
        core: What is core, see :class:`~seatrial.mining.explaining.CoreSource`.
        slices: Slices over which the draw is averaged, too, by name.
        method: ``auto``, ``activation``, ``gradient`` or ``occlusion``.
        layer: Layer for ``activation``; None finds it.
        per_cell: Worst failures of each cell, at most.
        cells: Cells with the most failures, at most.
        draw: Images that are drawn at random; None for all.
        seed: Of the draw.
        side: Cells along each side of a map.
        windows: Windows along each side that are blanked.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images in a batch to begin with; None chooses by device.
        workers: Threads that decode; None chooses by cores.
        force: Explain again even if the result is there.

    Raises:
        InputError: An input cannot be read or used, the evaluation is of another model or data set, or
            nothing can be explained.
        ModelError: The model cannot be loaded, or fails.
    """
    from seatrial.inference.saliency import ExplainOptions
    from seatrial.inference.saliency.explainer import METHODS

    if method not in METHODS:
        raise InputError(f"option method: expected one of {', '.join(METHODS)}, got {method!r}")
    check_folder(out, WRITTEN)
    explain = ExplainOptions(METHODS[METHODS.index(method)], layer, side, windows)
    table = EvaluationTable.read(evaluation)
    failures = Failures.from_evaluation(table)
    chosen = choose(failures, per_cell=per_cell, cells=cells, draw=draw, seed=seed)
    planned = _planned(table, model, dataset, options, device, batch_size, workers)
    cores = CoreSource.of(core, planned.manifest)
    asked = {
        "per_cell": per_cell,
        "cells": cells,
        "draw": draw,
        "seed": seed,
        "slices": {name: spec.meaning for name, spec in (slices or {}).items()},
    }
    work = _Work(table, failures, chosen, planned, cores, explain, asked, EvaluationTable.digest(evaluation))
    if not force and (finished := _finished(out, work)) is not None:
        sys.stderr.write(f"explain: {out} holds these explanations already; --force makes them again\n")
        return finished
    explanations = _explain(work, out, fresh=force)
    _write(out, work, explanations, slices or {})
    return explanations


@dataclass(frozen=True)
class _Work:
    """Everything that is known before the first image is explained."""

    table: EvaluationTable
    failures: Failures
    chosen: Chosen
    planned: "Plan"
    cores: CoreSource
    options: "ExplainOptions"
    asked: dict[str, Any]
    evaluation: str

    @property
    def key(self) -> str:
        """Digest of everything that decides what the explanations are."""
        return digest_json(
            {
                "plan": self.planned.key,
                "evaluation": self.evaluation,
                "core": [self.cores.name, self.cores.digest],
                "options": asdict(self.options),
                "asked": self.asked,
            }
        )

    def target(self, unit: int) -> int:
        """Choose the class that is explained: what was said, or, of what was missed, what it is.

        Background is not explained where there is anything else.
        """
        failures = self.failures
        truth, said = int(failures.truth[unit]), int(failures.prediction[unit])
        if failures.task == "classification":
            return said
        nothing = {len(failures.classes)}
        nothing |= {code for code, name in enumerate(failures.classes) if name.lower() == _BACKGROUND}
        if said not in nothing:
            return said
        return truth if truth not in nothing else self.largest.get(failures.id[unit], said)

    @cached_property
    def largest(self) -> dict[str, int]:
        """Name the class of each image of a segmentation that most pixels but background are of."""
        if self.table.pixels is None:
            return {}
        codes = {name: code for code, name in enumerate(self.table.header.classes)}
        sums = self.table.pixels.group_by(["image", "label"], use_threads=False).aggregate(
            [("pixels", "sum")]
        )
        found: dict[str, tuple[int, int]] = {}
        for row in sums.to_pylist():
            if row["label"].lower() != _BACKGROUND and row["pixels_sum"]:
                one = (row["pixels_sum"], -codes[row["label"]])
                found[row["image"]] = max(one, found.get(row["image"], one))
        return {image: -code for image, (_, code) in found.items()}

    def references(self) -> "Iterator[Request]":
        """Name a few samples that the model has right, of several classes, by a hash of their ids."""
        from seatrial.inference.saliency import Request

        failures = self.failures
        if failures.task != "classification":
            return
        right = np.flatnonzero(~failures.error)
        order = hashed_order(failures.id[right].tolist(), self.asked["seed"])
        uris = _uris(self.planned.manifest)
        taken: Counter[int] = Counter()
        for unit in right[order].tolist():
            truth = int(failures.truth[unit])
            taken[truth] += 1
            if taken[truth] <= _OF_A_CLASS and sum(taken.values()) <= _MOST_REFERENCES:
                yield Request(failures.id[unit], uris[failures.id[unit]], truth, truth)

    def requests(self) -> "Iterator[Request]":
        """Say what is wanted of each chosen unit."""
        from seatrial.inference.saliency import Request

        uris = _uris(self.planned.manifest)
        failures, nothing = self.failures, len(self.failures.classes)
        for unit in self.chosen.units.tolist():
            box = None if failures.boxes is None else tuple(failures.boxes[unit].tolist())
            truth = int(failures.truth[unit])
            target = self.target(unit)
            known = self.cores.core(failures.id[unit], target, None if truth == nothing else box)
            yield Request(
                failures.id[unit],
                uris[failures.id[unit]],
                target,
                None if truth == nothing else truth,
                box,
                known.mask,
                known.codes,
                known.boxes,
                try_windows=bool(failures.error[unit]),
            )


def _planned(
    table: EvaluationTable,
    model: str,
    dataset: str,
    options: ModelOptions,
    device: str,
    batch_size: int | None,
    workers: int | None,
) -> "Plan":
    """Load the model and read the data; both have to be those of the evaluation."""
    from seatrial.steps.evaluate_model import plan

    planned = plan(
        model,
        dataset,
        options=options,
        task=table.header.task,
        device=device,
        batch_size=batch_size,
        workers=workers,
    )
    ours, theirs = planned.header, table.header
    if theirs.model_digest and ours.model_digest != theirs.model_digest:
        raise InputError(
            f"the evaluation is of another model: expected {theirs.model!r} ({theirs.model_digest}), "
            f"got {model!r} ({ours.model_digest})"
        )
    if ours.classes != theirs.classes:
        raise InputError(
            f"model {model!r}: expected the classes of the evaluation, {examples(theirs.classes)}, "
            f"got {examples(ours.classes)}"
        )
    known = set(planned.manifest.table.column("id").to_pylist())
    absent = [one for one in table.samples.column("id").to_pylist() if one not in known]
    if absent:
        raise InputError(
            f"data set {dataset!r} is another than that of the evaluation, {theirs.dataset!r}: "
            f"{len(absent)} images are not there: {examples(absent)}"
        )
    return planned


def _finished(out: Path, work: _Work) -> Explanations | None:
    if not (out / "explanations.json").exists():
        return None
    found = Explanations.read(out)
    contents = work.planned.manifest.table.column("content")
    known = contents.null_count < len(contents)  # without digests nobody knows whether images are the same
    return found if known and found.header.get("key") == work.key else None


def _explain(work: _Work, out: Path, *, fresh: bool) -> Explanations:
    from seatrial.inference.parts import Parts
    from seatrial.inference.saliency import Explainer

    parts = Parts(out, work.key)
    if fresh:
        parts.remove()
    planned = work.planned
    explainer = Explainer(
        planned.model,
        planned.task,
        work.options,
        batch_size=planned.batch_size,
        workers=planned.workers,
        read_core=work.cores.read,
    )
    try:
        found = list(_chunks(work, explainer, parts))
    except ModelError:
        parts.remove()  # another try would end in the same way
        raise
    failed = [one.failure for one in found if one.failure is not None]
    if failed and len(failed) == len(found):
        parts.remove()
        raise InputError(f"none of {len(found)} images can be explained: {examples(failed, most=3)}")
    explanations = _table(work, found, explainer)
    parts.remove()
    if failed:
        sys.stderr.write(f"explain: {len(failed)} images could not be explained: {examples(failed)}\n")
    unmapped = sum(one.map is None for one in found) - len(failed)
    if unmapped:
        sys.stderr.write(f"explain: {unmapped} have no map: the model's score does not depend on places\n")
    return explanations


def _chunks(work: _Work, explainer: "Explainer", parts: Any) -> "Iterator[Explained]":
    """Yield every explanation in order: first those that an earlier run finished, then the others."""
    from seatrial.inference.saliency.stored import restored, stored

    requests, references = list(work.requests()), list(work.references())
    with progress("explain", len(requests), "samples") as advance:
        for number, start in enumerate(range(0, len(requests), CHUNK)):
            wanted = requests[start : start + CHUNK]
            chunk = parts.load(number)
            if chunk is None:
                made = list(explainer.run(wanted, advance, references))
                parts.save(number, stored(made, explainer.batch_size))
                yield from made
            else:
                advance(len(wanted))
                yield from restored(chunk, work.options.side)


def _table(work: _Work, found: "list[Explained]", explainer: "Explainer") -> Explanations:
    failures, units = work.failures, work.chosen.units
    names = pa.array(failures.names, pa.string())

    def numbers(name: str) -> pa.Array:
        return pa.array([getattr(one, name) for one in found], pa.float64(), from_pandas=True)

    columns = {
        "id": failures.id[units].tolist(),
        "object": [None] * len(units) if failures.object is None else failures.object[units].tolist(),
        "truth": names.take(pa.array(failures.truth[units])),
        "prediction": names.take(pa.array(failures.prediction[units])),
        "kind": [KINDS[kind] for kind in failures.kind[units].tolist()],
        "target": [failures.names[work.target(unit)] for unit in units.tolist()],
        "drawn": pa.array(work.chosen.drawn),
        "side": pa.array(np.full(len(units), work.options.side)),
        "map": [None if one.map is None else one.map.tobytes() for one in found],
        "core": [None if one.core is None else one.core.tobytes() for one in found],
        **{name: numbers(name) for name in ("core_area", "off_core", "flip", "patch_flip")},
        "patch": [None if one.patch is None else list(one.patch) for one in found],
        "transplant": numbers("transplant"),
    }
    header = work.planned.header
    layers = sorted({one.layer for one in found if one.layer})
    return Explanations(
        pa.table(columns, schema=EXPLANATION_SCHEMA),
        {
            "task": header.task,
            "classes": list(header.classes),
            "model": header.model,
            "model_digest": header.model_digest,
            "dataset": header.dataset,
            "dataset_digest": header.dataset_digest,
            "evaluation": work.evaluation,
            "method": explainer.method,
            "layers": layers,
            "core": work.cores.name,
            "core_digest": work.cores.digest,
            "preprocess": work.planned.model.options.preprocess.model_dump(mode="json"),
            "side": work.options.side,
            "windows": work.options.windows,
            "asked": work.asked,
            "key": work.key,
        },
    )


def _write(out: Path, work: _Work, explanations: Explanations, slices: Mapping[str, SliceSpec]) -> None:
    from seatrial.reporting.explanations import render_explanations
    from seatrial.reporting.saliency_sheets import sheets

    cells = cells_of(work.failures, explanations)
    views = slice_views(slices, work.table, work.failures, explanations)
    uris = _uris(work.planned.manifest)
    document = {
        "header": dict(explanations.header),
        "cells": [one.to_json() for one in cells],
        "slices": [one.to_json() for one in views],
    }
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    pictures = sheets(cells, explanations, uris, work.planned.model.options.preprocess)
    with atomic_folder(out, WRITTEN) as folder:
        explanations.write_into(folder)
        (folder / "confusion_cells.json").write_text(text + "\n", encoding="utf-8")
        for number, picture in enumerate(pictures, start=1):
            (folder / f"sheet-{number:02}.png").write_bytes(picture.png)
        page = render_explanations(explanations, cells, views, pictures)
        (folder / "explanations.html").write_text(page, encoding="utf-8")


def _uris(manifest: DatasetManifest) -> dict[str, str | None]:
    table = manifest.table
    return dict(zip(table.column("id").to_pylist(), table.column("uri").to_pylist(), strict=True))

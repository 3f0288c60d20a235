"""Run a model over a data set: predictions, scores, embeddings and image properties, in one pass."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.datasets import (
    DatasetManifest,
    Task,
    check_task,
    is_unlabelled,
    read_dataset,
    unlabelled,
)
from seatrial.datasets.attributes import Attribute, digest_attributes, load_attributes, with_attributes
from seatrial.datasets.mask_image import class_codes
from seatrial.digests import digest_json
from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationCache, EvaluationHeader, EvaluationTable
from seatrial.evaluation.attributes import with_predicted_attributes
from seatrial.evaluation.table import WRITTEN
from seatrial.files import check_folder
from seatrial.images import ImageStore, using_store
from seatrial.inference import ModelOptions
from seatrial.progress import progress

if TYPE_CHECKING:
    from seatrial.inference.chunk import Chunk
    from seatrial.inference.decoding import ReadTruth
    from seatrial.inference.load import LoadedModel
    from seatrial.inference.parts import Parts
    from seatrial.inference.runner import Runner
    from seatrial.inference.tasks import TaskRun

__all__ = ["CHUNK", "Plan", "plan", "run"]

#: Images after which results are put aside, so that an interrupted run continues from there.
CHUNK = 512

_DEFAULT_OPTIONS = ModelOptions()

# what computes the results, besides the model
_PROGRAMS = ("seatrial", "torch", "torchvision", "onnxruntime", "onnxruntime-gpu", "numpy", "pillow")


@dataclass(frozen=True)
class Plan:
    """Everything that is checked before the first image is evaluated."""

    model: "LoadedModel"
    task: "TaskRun"
    attributes: tuple[Attribute, ...]
    manifest: DatasetManifest
    header: EvaluationHeader
    batch_size: int
    workers: int

    @property
    def key(self) -> str:
        """Digest of everything that decides what the evaluation's bytes are."""
        header = self.header
        return digest_json(
            {
                "model": [header.model, header.model_digest],
                "dataset": [header.dataset, header.dataset_digest],
                "options": header.options_digest,
                "shard": header.shard,
                "device": self.model.network.device.type,
                "batch_size": self.batch_size,
                "chunk": CHUNK,
            }
        )

    @property
    def content(self) -> str | None:
        """Digest of everything that the evaluation depends on, but the name of its model.

        None where something can change unseen: an image whose bytes were not read, a model that runs code
        which its files do not hold.
        """
        table = self.manifest.table
        if table.column("content").null_count or not self.model.self_contained:
            return None
        from seatrial.inference.device import describe_device

        header = asdict(replace(self.header, model=""))
        rows = digest_json(table.column("uri").to_pylist())
        device = describe_device(self.model.network.device)
        return digest_json([header, rows, device, self.batch_size, CHUNK, [*map(_version, _PROGRAMS)]])


def run(
    model: str,
    dataset: str,
    out: Path,
    *,
    options: ModelOptions = _DEFAULT_OPTIONS,
    task: Task | None = None,
    classes: tuple[str, ...] | None = None,
    shard: tuple[int, int] = (0, 1),
    device: str = "auto",
    batch_size: int | None = None,
    workers: int | None = None,
    attributes: Path | None = None,
    force: bool = False,
    cache: Path | None = None,
    profile: bool = False,
) -> EvaluationTable:
    """Evaluate a model on a data set, or on one shard of it, and write the evaluation folder.

    A run that was interrupted continues after its last finished chunk and gives the same bytes; an
    evaluation that is already there for the same model, data, options and shard is returned as it is. One
    that lies in ``cache`` is written to ``out`` without running the model.

    Args:
        model: Model URI, see :func:`seatrial.inference.load.load_model`.
        dataset: Data set specification, e.g. ``images:data/val``.
        out: Folder to write, see :class:`~seatrial.evaluation.EvaluationTable`.
        options: How the model is loaded, fed and read.
        task: What the model does, to be sure of it; None for what the data set's truth is for. A pool that
            nobody has labelled is evaluated for any task.
        classes: Classes of a pool without labels; None for those that it names, else the model's.
        shard: (index from 0, count).
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images in a batch to begin with; None chooses by device.
        workers: Threads that decode; None chooses by cores.
        attributes: Python file whose public functions are attributes of the user's, see
            :mod:`seatrial.datasets.attributes`; they are columns of the samples, and so axes of slices.
        force: Evaluate again even if the result is there.
        cache: Folder in which evaluations are kept for later runs, and what was read of images, see
            :class:`~seatrial.evaluation.EvaluationCache` and :class:`~seatrial.images.ImageStore`; None
            keeps none.
        profile: Say what takes the time, and write it beside the evaluation, which is the same with it: see
            :class:`~seatrial.inference.profile.Profile`. What is there already has none.

    Raises:
        InputError: The data set, an option, the device or the output folder cannot be used, or no image can
            be read.
        ModelError: The model cannot be loaded or returns something unusable.
    """
    check_folder(out, WRITTEN)
    began = time.perf_counter()
    store = ImageStore(cache)
    with using_store(store):
        planned = plan(
            model,
            dataset,
            options=options,
            task=task,
            classes=classes,
            shard=shard,
            device=device,
            batch_size=batch_size,
            workers=workers,
            attributes=attributes,
        )
    if not force and (finished := _finished(out, planned)) is not None:
        sys.stderr.write(f"evaluate: {out} holds this evaluation already; --force does it again\n")
        return finished
    key = planned.content if cache is not None else None
    spent = time.perf_counter() - began if profile else None
    if cache is None or key is None:
        return _evaluate(planned, out, store, fresh=force, began=spent)
    kept = EvaluationCache(cache)
    if not force and (known := kept.load(key, planned.header)) is not None:
        known.write(out)
        sys.stderr.write(f"evaluate: {len(known)} images as in an earlier run, the model was not run\n")
        return known
    table = _evaluate(planned, out, store, fresh=force, began=spent)
    kept.save(key, table)
    return table


def plan(
    model: str,
    dataset: str,
    *,
    options: ModelOptions = _DEFAULT_OPTIONS,
    task: Task | None = None,
    classes: tuple[str, ...] | None = None,
    shard: tuple[int, int] = (0, 1),
    device: str = "auto",
    batch_size: int | None = None,
    workers: int | None = None,
    attributes: Path | None = None,
) -> Plan:
    """Read the data set, load the model and check that they fit, without evaluating anything.

    Arguments and errors are those of :func:`run`.
    """
    for name, number in (("batch size", batch_size), ("workers", workers)):
        if number is not None and number < 1:
            raise InputError(f"{name}: expected at least 1, got {number}")
    added = load_attributes(attributes)
    whole = read_dataset(dataset)
    pool = is_unlabelled(whole)
    if not pool:
        check_task(whole, dataset, task)
    from seatrial.inference.device import default_batch_size, default_workers
    from seatrial.inference.load import load_model
    from seatrial.inference.tasks import task_run

    loaded = load_model(model, options, device=device, task=(task or whole.task) if pool else whole.task)
    if pool:  # it is for whatever is asked of it
        whole = unlabelled(whole, task or whole.task, classes or whole.classes or _own_classes(loaded))
    part = whole.shard(*shard)
    loaded = loaded.compiled()
    made = task_run(loaded, whole)
    header = EvaluationHeader(
        task=whole.task,
        classes=made.classes,
        model=model,
        model_digest=loaded.digest,
        dataset=whole.name,
        dataset_digest=whole.digest,
        dataset_size=len(whole),
        shard=shard,
        options_digest=_options_digest(loaded, added),
    )
    chosen = loaded.network.device
    return Plan(
        loaded,
        made,
        added,
        part,
        header,
        batch_size or default_batch_size(chosen),
        workers or default_workers(),
    )


def _own_classes(model: "LoadedModel") -> tuple[str, ...]:
    """Give the model's classes under the names that its options map them to."""
    options = model.options
    return tuple(dict.fromkeys(options.class_map.get(name, name) for name in options.classes or ()))


def _version(program: str) -> str:
    try:
        return version(program)
    except PackageNotFoundError:
        return ""


def _options_digest(model: "LoadedModel", attributes: Sequence[Attribute]) -> str:
    """Digest the options that results depend on; how the file was trusted is not one of them."""
    # adapters say all of their options, those that were not set, too
    apart = {"trust_pickle", "precision", "classes", "adapter", "adapter_options", "decode", "compile"}
    options = model.options.model_dump(mode="json", exclude=apart)
    options |= model.options.model_dump(include={"decode", "compile"}, exclude_defaults=True)
    if model.adapter is not None:
        options |= {"adapter": model.adapter_name, "adapter_options": model.adapter.model_dump(mode="json")}
        options["classes"] = model.options.classes  # the header names the data set's
    if attributes:
        options["attributes"] = digest_attributes(attributes)
    return digest_json({**options, "precision": model.network.precision})


def _finished(out: Path, planned: Plan) -> EvaluationTable | None:
    """Read the evaluation that is at ``out`` if it is the one that would be made."""
    contents = planned.manifest.table.column("content")
    if not (out / "evaluation.json").exists() or contents.null_count == len(contents):
        return None  # without digests of the images nobody knows whether they are the same
    found = EvaluationTable.read(out)
    return found if replace(found.header, failures=()) == planned.header else None


def _evaluate(
    planned: Plan, out: Path, store: ImageStore, *, fresh: bool, began: float | None
) -> EvaluationTable:
    """Evaluate and write; where ``began`` is given, the seconds before this, the profile, too."""
    from seatrial.inference.assemble import assemble
    from seatrial.inference.parts import Parts
    from seatrial.inference.results import Results
    from seatrial.inference.runner import Runner

    parts = Parts(out, planned.key)
    if fresh:
        parts.remove()
    runner = Runner(
        planned.model,
        planned.task,
        batch_size=planned.batch_size,
        workers=planned.workers,
        read_truth=_read_truth(planned.manifest),
    )
    starts = range(0, len(planned.manifest), CHUNK)
    try:
        chunks = list(zip(starts, _chunks(planned, parts, runner), strict=True))
    except ModelError:
        parts.remove()  # another try would end in the same way
        raise
    if not any(len(chunk.kept) for _, chunk in chunks):
        parts.remove()
        raise _none_readable(planned, [chunk for _, chunk in chunks])
    with runner.stages.of("write"):
        results = Results(parts, [len(chunk.kept) for _, chunk in chunks])
        described = with_attributes(planned.manifest, planned.attributes, store)
        table = assemble(planned.task, planned.header, described, chunks, results)
        table = with_predicted_attributes(table, planned.attributes, planned.manifest)
        table.write(out)
        remarks = planned.task.remarks(results)
        parts.remove()
    for remark in remarks:
        sys.stderr.write(f"evaluate: {remark}\n")
    if began is not None:
        _profile(planned, runner, began, out)
    return table


def _profile(planned: Plan, runner: "Runner", began: float, out: Path) -> None:
    from seatrial.inference.profile import Profile, write_profiles

    profile = Profile.of(
        runner.stages,
        planned.model,
        images=runner.images,
        start_seconds=began,
        workers=planned.workers,
        batch_size=runner.batch_size,
    )
    write_profiles(out, [profile.as_json()])
    sys.stderr.write("".join(f"evaluate: {line}\n" for line in profile.lines()))


def _chunks(planned: Plan, parts: "Parts", runner: "Runner") -> Iterator["Chunk"]:
    """Yield every chunk in order, without results: first those that an earlier run finished."""
    from seatrial.inference.chunk import RowChunks

    table = planned.manifest.table
    count = len(RowChunks(table, CHUNK))
    with progress("evaluate", len(table), "images", runner.stages.remark) as advance:
        number = 0
        while number < count and (chunk := parts.load(number)) is not None:
            runner.batch_size = chunk.batch_size
            advance(min(CHUNK, len(table) - number * CHUNK))
            yield chunk.without_results()
            number += 1
        for chunk in runner.run(RowChunks(table, CHUNK, number), advance):
            with runner.stages.of("write"):
                parts.save(number, chunk)
            yield chunk.without_results()
            number += 1


def _read_truth(manifest: DatasetManifest) -> "ReadTruth":
    return partial(
        class_codes, classes=len(manifest.classes), void=manifest.void, foreground=manifest.foreground
    )


def _none_readable(planned: Plan, chunks: Sequence["Chunk"]) -> InputError:
    reasons = [reason for chunk in chunks for _, reason in chunk.failures]
    uris = planned.manifest.table["uri"].to_pylist()
    shown = [f"{uri}: {reason}" for uri, reason in zip(uris[:3], reasons[:3], strict=False)]
    return InputError(
        f"data set {planned.header.dataset!r}: none of {len(reasons)} images can be read: {'; '.join(shown)}"
    )

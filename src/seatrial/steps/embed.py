"""Turn images, or the objects in them, into vectors that can be compared and searched."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.datasets import DatasetManifest, Task, read_dataset
from seatrial.digests import digest_json
from seatrial.errors import InputError, ModelError
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.files import atomic_folder, check_folder
from seatrial.images import PROPERTIES
from seatrial.inference import ModelOptions
from seatrial.mining.causes.evidence import normalised_entropy
from seatrial.neighbours import Level
from seatrial.neighbours.embeddings import EMBEDDINGS_WRITTEN, SIDES, read_header, write_header
from seatrial.progress import progress
from seatrial.secrets import without_secrets

if TYPE_CHECKING:
    from seatrial.inference.chunk import Chunk, ImageRow
    from seatrial.inference.embedders import Embedder
    from seatrial.inference.parts import Parts
    from seatrial.inference.shown import Roles, Shown

__all__ = ["CHUNK", "Embedded", "run"]

#: Rows after which results are put aside, so that an interrupted run continues from there.
CHUNK = 512

_SIZES = ("width", "height", "area", "aspect")

#: Chunks that are written as one group of rows.
_GROUP = 16

_DEFAULT_OPTIONS = ModelOptions()


@dataclass(frozen=True, slots=True)
class Embedded:
    """What was embedded.

    Attributes:
        folder: Where the embeddings are; :class:`~seatrial.neighbours.Embeddings` reads them.
        rows: Images or objects.
        width: Values in a vector.
        failures: What could not be embedded.
        level: Whether a row is an image or an object.
    """

    folder: Path
    rows: int
    width: int
    failures: int
    level: Level


def run(
    model: str,
    out: Path,
    *,
    dataset: str | None = None,
    evaluation: Path | None = None,
    level: Level = "image",
    roles: "Roles" = "truth",
    min_score: float = 0.5,
    margin: float = 0.1,
    weights: Path | None = None,
    options: ModelOptions = _DEFAULT_OPTIONS,
    task: Task | None = None,
    like: Path | None = None,
    shard: tuple[int, int] = (0, 1),
    device: str = "auto",
    batch_size: int | None = None,
    workers: int | None = None,
    force: bool = False,
) -> Embedded:
    """Embed a data set, or the images of an evaluation, and write a folder of embeddings.

    Images are streamed: memory does not grow with their number, but for their ids. A run that was interrupted
    continues after its last finished chunk and gives the same bytes. Images that cannot be read are counted
    and named in the header.

    Args:
        model: A model URI, ``torchvision:NAME`` or ``open_clip:NAME``, see
            :func:`~seatrial.inference.embedders.load_embedder`.
        out: Folder to write, see :class:`~seatrial.neighbours.Embeddings`.
        dataset: Data set specification; a pool without labels will do.
        evaluation: Evaluation whose images, or objects, are embedded instead.
        level: ``image``, or ``object`` for the crop of each object.
        roles: Which objects of an evaluation: ``truth``, ``prediction`` or ``both``.
        min_score: Predicted objects of a lower score are left out.
        margin: What is shown around an object, as a share of its longer side.
        weights: Weights of a model that torchvision or OpenCLIP builds.
        options: How the model is loaded and fed.
        task: What the model was made for: decides which of its layers is taken. None: what the data set is
            for; objects are seen by classifiers, unless the options name an adapter, which those do not have.
        like: Evaluation of a labelled data set: its task is that of the model, and where the model is the
            same classifier, its classes are those of the images, whose predictions are then kept.
        shard: (index from 0, count) of the images.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images in a batch to begin with; None chooses by device.
        workers: Threads that decode; None chooses by cores.
        force: Embed again even if the result is there.

    Raises:
        InputError: The data, an option, the device or the folder cannot be used, or nothing can be read.
        ModelError: The model cannot be loaded or returns something unusable.
    """
    check_folder(out, EMBEDDINGS_WRITTEN)
    _check(dataset, evaluation, {"min score": min_score, "margin": margin}, (batch_size, workers))
    source = read_dataset(dataset) if dataset is not None else EvaluationTable.read(Path(evaluation or ""))
    from seatrial.inference.device import default_batch_size, default_workers
    from seatrial.inference.embedders import load_embedder
    from seatrial.inference.parts import Parts
    from seatrial.inference.shown import images_of, objects_of

    if level == "object":
        shown = objects_of(source, roles, min_score=min_score, shard=shard)
        chosen: dict[str, Any] = {"roles": roles, "min_score": min_score, "margin": margin}
    else:
        shown, chosen = images_of(source, shard), {}
    known = None if like is None else EvaluationTable.read(like).header
    classified = level == "object" and options.adapter is None
    made_for = task or ("classification" if classified else known.task if known else _task(source))
    embedder = load_embedder(
        model, options, weights=weights, device=device, task=made_for, whole=level == "object"
    )
    if known is not None and level == "image":
        embedder = _classifying(embedder, known)
    where = embedder.model.network.device
    size = batch_size or default_batch_size(where)
    header = _header(embedder, source, level, made_for, weights, chosen | {"shard": list(shard)})
    header["key"] = digest_json([header, shown.key, where.type, size, CHUNK])
    if not force and (done := _finished(out, header["key"])) is not None:
        sys.stderr.write(f"embed: {out} holds these embeddings already; --force makes them again\n")
        return done
    parts = Parts(out, header["key"])
    if force:
        parts.remove()
    job = _Job(embedder, shown, shown.rows(margin), size, workers or default_workers())
    try:
        kept = sum(len(chunk.kept) for chunk in job.chunks(parts))
    except ModelError:
        parts.remove()  # another try would end in the same way
        raise
    try:
        return _write(job, parts, out, header, kept)
    finally:
        parts.remove()


def _check(
    dataset: str | None,
    evaluation: Path | None,
    shares: Mapping[str, float],
    counts: tuple[int | None, int | None],
) -> None:
    if (dataset is None) == (evaluation is None):
        raise InputError("embed: expected either a data set or an evaluation to embed")
    for name, number in shares.items():
        if not 0 <= number <= 1:
            raise InputError(f"{name}: expected a number from 0 to 1, got {number:g}")
    for name, count in zip(("batch size", "workers"), counts, strict=True):
        if count is not None and count < 1:
            raise InputError(f"{name}: expected at least 1, got {count}")


@dataclass(frozen=True)
class _Job:
    """What is run, in chunks."""

    embedder: "Embedder"
    shown: "Shown"
    rows: "Sequence[ImageRow]"
    batch_size: int
    workers: int

    @property
    def starts(self) -> range:
        return range(0, len(self.rows), CHUNK)

    def chunks(self, parts: "Parts") -> "Iterator[Chunk]":
        """Yield every chunk in order: first those that an earlier run finished, then the others."""
        from seatrial.inference.crops import CropDecoder
        from seatrial.inference.runner import Runner
        from seatrial.inference.tasks.embedding import Embedding

        todo = [self.rows[start : start + CHUNK] for start in self.starts]
        batch_size, number = self.batch_size, 0
        with progress(
            "embed", len(self.rows), "images" if self.shown.boxes is None else "objects"
        ) as advance:
            while number < len(todo) and (chunk := parts.load(number)) is not None:
                batch_size = chunk.batch_size
                advance(len(todo[number]))
                yield chunk
                number += 1
            model = self.embedder.model
            task = Embedding(model.uri, self.embedder.classes, model.options.outputs, model.network.precision)
            decoder = None if self.shown.boxes is None else CropDecoder(self.workers + 1)
            runner = Runner(model, task, batch_size=batch_size, workers=self.workers, decoder=decoder)
            for chunk in runner.run(todo[number:], advance):
                parts.save(number, chunk)
                yield chunk
                number += 1


def _classifying(embedder: "Embedder", known: EvaluationHeader) -> "Embedder":
    """Name the classes of a classifier that was evaluated."""
    same = known.model_digest == embedder.model.digest and known.task == "classification"
    return replace(embedder, classes=known.classes) if same else embedder


def _task(source: DatasetManifest | EvaluationTable) -> Task:
    return source.task if isinstance(source, DatasetManifest) else source.header.task


def _dataset(source: DatasetManifest | EvaluationTable) -> dict[str, str]:
    if isinstance(source, DatasetManifest):
        return {"dataset": source.name, "dataset_digest": source.digest}
    return {"dataset": source.header.dataset, "dataset_digest": source.header.dataset_digest}


def _header(
    embedder: "Embedder",
    source: DatasetManifest | EvaluationTable,
    level: Level,
    task: Task,
    weights: Path | None,
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    model = embedder.model
    fields = model.options.model_dump(mode="json", include={"preprocess", "factory", "outputs"})
    if model.options.adapter is not None:
        fields["adapter"] = model.options.adapter  # without it, a search could not load the model again
    return {
        "model": model.uri,
        "model_digest": model.digest,
        "weights": None if weights is None else str(weights),
        "options": fields | {"precision": model.network.precision},
        "task": task,
        "classes": None if embedder.classes is None else list(embedder.classes),
        **_dataset(source),
        "level": level,
        **chosen,
    }


def _finished(out: Path, key: str) -> Embedded | None:
    """Describe the embeddings that are at ``out`` if they are those that would be made."""
    if not all((out / name).exists() for name in EMBEDDINGS_WRITTEN[:2]):
        return None
    header = read_header(out)
    if header.get("key") != key:
        return None
    schema = pq.read_schema(out / "embeddings.parquet")
    rows = pq.read_metadata(out / "embeddings.parquet").num_rows
    width = schema.field("vector").type.list_size
    return Embedded(out, rows, width, len(header["failures"]), header["level"])


def _write(job: _Job, parts: "Parts", out: Path, header: dict[str, Any], kept: int) -> Embedded:
    """Write the chunks, one after the other."""
    failures: list[dict[str, Any]] = []
    width = 0
    writer: pq.ParquetWriter | None = None
    with atomic_folder(out, EMBEDDINGS_WRITTEN) as temporary:
        waiting: list[pa.Table] = []
        for start, chunk in zip(job.starts, job.chunks(parts), strict=True):
            failures += [
                {
                    "id": job.shown.ids[start + number],
                    "uri": without_secrets(job.rows[start + number].uri or ""),
                    "reason": without_secrets(reason),
                }
                for number, reason in chunk.failures
            ]
            if len(chunk.kept):
                waiting.append(_table(job, start, chunk))
                width = waiting[-1].schema.field("vector").type.list_size
            if waiting and (len(waiting) == _GROUP or start == job.starts[-1]):
                group = pa.concat_tables(waiting).combine_chunks()
                writer = writer or pq.ParquetWriter(temporary / "embeddings.parquet", group.schema)
                writer.write_table(group, row_group_size=len(group))
                waiting = []
        if writer is None:
            raise _none_readable(header["dataset"], failures)
        writer.close()
        write_header(temporary, header | {"failures": failures}, header["level"], kept, width)
    return Embedded(out, kept, width, len(failures), header["level"])


def _table(job: _Job, start: int, chunk: "Chunk") -> pa.Table:
    """Make rows of a chunk: ids, vectors, boxes, and what is known of them."""
    rows = start + chunk.kept
    if chunk.embeddings is None:
        raise ModelError(f"model {job.embedder.model.uri} gave no embeddings for {job.shown.ids[rows[0]]!r}")
    flat = pa.array(np.ascontiguousarray(chunk.embeddings, dtype=np.float32).reshape(-1))
    details = job.shown.details.take(pa.array(rows))
    columns: dict[str, Any] = {
        "id": pa.array([job.shown.ids[row] for row in rows.tolist()], pa.string()),
        "vector": pa.FixedSizeListArray.from_arrays(flat, chunk.embeddings.shape[1]),
    }
    if job.shown.boxes is not None:
        columns |= {name: pa.array(job.shown.boxes[rows, side]) for side, name in enumerate(SIDES)}
    columns |= {name: details.column(name) for name in details.column_names}
    # of an object the properties of its crop; width and height stay the image's
    measured = PROPERTIES if job.shown.boxes is None else [name for name in PROPERTIES if name not in _SIZES]
    for name in measured:
        columns.setdefault(name, pa.array(chunk.properties[:, PROPERTIES.index(name)]))
    if classes := job.embedder.classes:
        columns |= _predicted(classes, np.concatenate([one["scores"] for one in chunk.results]))
    order = ["id", "vector", *(name for name in columns if name not in {"id", "vector"})]
    return pa.table({name: columns[name] for name in order})


def _predicted(classes: Sequence[str], scores: NDArray[np.float32]) -> dict[str, pa.Array]:
    best = scores.argmax(axis=1)
    return {
        "prediction": pa.array(classes, pa.string()).take(pa.array(best)),
        "confidence": pa.array(scores[np.arange(len(scores)), best].astype(np.float64)),
        "uncertainty": pa.array(normalised_entropy(scores)),
    }


def _none_readable(dataset: str, failures: Sequence[Mapping[str, Any]]) -> InputError:
    shown = "; ".join(f"{one['uri'] or one['id']}: {one['reason']}" for one in failures[:3])
    return InputError(f"data set {dataset!r}: none of {len(failures)} images can be embedded: {shown}")

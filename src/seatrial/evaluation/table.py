"""What one model did on one data set: the pivot of Seatrial.

The table holds per-sample sufficient statistics, so that new slices, rules and intervals are computed
again without the model, and shards made by different machines merge by concatenation.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.datasets import RESERVED, Task
from seatrial.digests import digest_json, digest_tree
from seatrial.errors import InputError
from seatrial.files import atomic_folder, read_json

__all__ = ["PROFILE", "WRITTEN", "EvaluationHeader", "EvaluationTable", "Failure"]

SCHEMA_VERSION = 1

#: Where the time went that an evaluation took: beside it, and no part of it.
PROFILE = "profile.json"

#: Files that an evaluation's folder may hold.
WRITTEN = (
    "evaluation.json",
    PROFILE,
    *(f"{name}.parquet" for name in ("samples", "scores", "embeddings", "objects", "pixels", "masks")),
)

_MATRICES = ("scores", "embeddings")
_TABLES = ("objects", "pixels", "masks")

#: Numbers in a group of rows of a matrix, 64 MiB: what writing one takes of memory.
_GROUP_VALUES = 1 << 24

#: The table that holds a task's results.
_NEEDED: dict[Task, str] = {"detection": "objects", "segmentation": "pixels"}


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that could not be evaluated."""

    id: str
    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class EvaluationHeader:
    """Where an evaluation comes from.

    Attributes:
        task: The task.
        classes: Class names in the order of the model's outputs.
        model: The model's URI as given, or the name under which predictions were imported.
        model_digest: Digest of the model's files or of the imported predictions.
        dataset: The data set's name.
        dataset_digest: Digest of the whole data set, also in a shard.
        dataset_size: Images in the whole data set.
        shard: (index from 0, count); (0, 1) is the whole.
        failures: Images that could not be read, by id.
        options_digest: Digest of the options on which results depend (preprocessing, precision …); empty
            where the model was not run by Seatrial.
    """

    task: Task
    classes: tuple[str, ...]
    model: str
    model_digest: str
    dataset: str
    dataset_digest: str
    dataset_size: int
    shard: tuple[int, int] = (0, 1)
    failures: tuple[Failure, ...] = ()
    options_digest: str = ""


@dataclass(frozen=True)
class EvaluationTable:
    """Per-sample results of one model on one data set (or on one shard of it).

    Attributes:
        header: Where it comes from.
        samples: One row per evaluated image, in the manifest's order: ``id``, what the task adds,
            ``group``, ``uri``, ``content``, then metadata and image properties: the slice axes.
            Classification adds ``label`` (truth, null where unlabelled), ``prediction`` (class name),
            ``confidence`` (of the prediction, in [0, 1], null where unknown) and ``loss`` (cross-entropy
            in nats, null without scores or truth); detection ``annotated`` (bool), ``truths`` and
            ``predictions`` (how many objects); segmentation ``annotated`` (bool).
        scores: Class probabilities, shape (n, classes), float32; None where only labels were imported.
        embeddings: Penultimate layer, shape (n, width), float32; None where not captured.
        objects: Detection: the columns of :data:`~seatrial.datasets.OBJECT_SCHEMA`, ``role`` (``"truth"`` or
            ``"prediction"``), ``score`` (in [0, 1], null for a truth), then annotation attributes (null for
            a prediction). In the order of the images, truths first, predictions in the model's order; a
            prediction's ``annotation`` is null, its ``crowd`` and ``ignore`` are false.
        pixels: Segmentation: pixels of annotated images by truth and prediction, void left out: ``image``,
            ``label``, ``prediction`` (class names), ``pixels`` (int64). A row for each pair that occurs
            and for each class that occurs in either with itself; the latter rows hold
            ``boundary_truth``, ``boundary_prediction`` and ``boundary_both`` (int64), pixels in the bands
            along the class's boundaries, which are null in the other rows.
        masks: Segmentation: ``image`` and ``mask`` (binary, a PNG of class codes as predicted, of the
            image's size), to look at; None where they were not kept.
    """

    header: EvaluationHeader
    samples: pa.Table
    scores: NDArray[np.float32] | None = None
    embeddings: NDArray[np.float32] | None = None
    objects: pa.Table | None = None
    pixels: pa.Table | None = None
    masks: pa.Table | None = None

    def __len__(self) -> int:
        return int(self.samples.num_rows)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Columns that can be slice axes: metadata and image properties."""
        return tuple(name for name in self.samples.column_names if name not in RESERVED)

    def write(self, folder: Path) -> None:
        """Write the table as a folder of Parquet files and ``evaluation.json``, atomically.

        The same table gives the same bytes.

        Raises:
            InputError: The folder cannot be written.
        """
        with atomic_folder(folder, WRITTEN) as temporary:
            pq.write_table(self.samples, temporary / "samples.parquet")
            for name in _MATRICES:
                matrix = getattr(self, name)
                if matrix is not None:
                    pq.write_table(
                        _matrix_table(name, matrix),
                        temporary / f"{name}.parquet",
                        row_group_size=max(_GROUP_VALUES // max(matrix.shape[1], 1), 1),
                    )
            for name in _TABLES:
                table = getattr(self, name)
                if table is not None:
                    pq.write_table(table.combine_chunks(), temporary / f"{name}.parquet")
            header = {"schema_version": SCHEMA_VERSION, **asdict(self.header)}
            text = json.dumps(header, indent=2, sort_keys=True, ensure_ascii=False)
            (temporary / "evaluation.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "EvaluationTable":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: The folder is absent, incomplete or of another schema version.
        """
        header = _header(folder)
        samples = _read_table(folder / "samples.parquet")
        matrices = {name: _read_matrix(folder, name, samples.num_rows) for name in _MATRICES}
        paths = {name: folder / f"{name}.parquet" for name in _TABLES}
        tables = {name: _read_table(path) for name, path in paths.items() if path.exists()}
        needed = _NEEDED.get(header.task)
        if needed is not None and needed not in tables:
            raise InputError(
                f"{paths[needed]}: expected the {needed} of a {header.task}, there is no such file"
            )
        return cls(header, samples, **matrices, **tables)

    @classmethod
    def merge(cls, shards: list["EvaluationTable"], into: tuple[int, int] = (0, 1)) -> "EvaluationTable":
        """Put all shards of one evaluation together, in the order of their index.

        Args:
            shards: The shards, in any order.
            into: What they make up: the whole, or with (1, 4) the second of four larger shards.

        Raises:
            InputError: A shard is missing or given twice, they are not of one model and data set, or together
                they do not hold every image.
        """
        if not shards:
            raise InputError("merge needs at least one shard, got none")
        ordered = sorted(shards, key=lambda one: one.header.shard)
        first = ordered[0].header
        for one in ordered[1:]:
            if replace(one.header, shard=first.shard, failures=first.failures) != first:
                raise InputError(
                    f"shard {one.header.shard[0]} is of another evaluation than shard {first.shard[0]}: "
                    "expected the same model, data set, classes and task"
                )
        found = [one.header.shard for one in ordered]
        count = first.shard[1]
        start, stop = (count * number // into[1] for number in (into[0], into[0] + 1))
        if found != [(index, count) for index in range(start, stop)]:
            raise InputError(f"expected shards {start} to {stop - 1} of {count}, once each, got {found}")
        failures = tuple(failure for one in ordered for failure in one.header.failures)
        rows = sum(map(len, ordered)) + len(failures)
        if into == (0, 1) and rows != first.dataset_size:
            raise InputError(f"expected the data set's {first.dataset_size} images in all shards, got {rows}")
        return cls(
            replace(first, shard=into, failures=failures),
            pa.concat_tables([one.samples for one in ordered], promote_options="default"),
            _stack([one.scores for one in ordered]),
            _stack([one.embeddings for one in ordered]),
            **{name: _concatenate(name, [getattr(one, name) for one in ordered]) for name in _TABLES},
        )

    @staticmethod
    def digest(folder: Path) -> str:
        """Digest a written evaluation: the same for the same content."""
        return digest_json(
            {"header": _header(folder).dataset_digest, "files": digest_tree(folder, without={PROFILE})}
        )


def _header(folder: Path) -> EvaluationHeader:
    fields = read_json(folder / "evaluation.json", "evaluate-model and import-predictions write it")
    version = fields.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{folder / 'evaluation.json'}: expected schema_version {SCHEMA_VERSION}, got {version!r}"
        )
    fields["classes"] = tuple(fields["classes"])
    fields["shard"] = tuple(fields["shard"])
    fields["failures"] = tuple(Failure(**failure) for failure in fields["failures"])
    return EvaluationHeader(**fields)


def _matrix_table(name: str, matrix: NDArray[np.float32]) -> pa.Table:
    flat = pa.array(np.ascontiguousarray(matrix, dtype=np.float32).reshape(-1))
    return pa.table({name: pa.FixedSizeListArray.from_arrays(flat, matrix.shape[1])})


def _read_table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"cannot read {path}: {error}") from error


def _read_matrix(folder: Path, name: str, rows: int) -> NDArray[np.float32] | None:
    path = folder / f"{name}.parquet"
    if not path.exists():
        return None
    column = pq.read_table(path).column(name).combine_chunks()
    if len(column) != rows:
        raise InputError(f"{path}: expected {rows} rows as in samples.parquet, got {len(column)}")
    values = column.values.to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float32).reshape(rows, -1)


def _stack(matrices: list[NDArray[np.float32] | None]) -> NDArray[np.float32] | None:
    present = [matrix for matrix in matrices if matrix is not None]
    if not present:
        return None
    if len(present) != len(matrices):
        raise InputError(
            "some shards hold scores or embeddings and some do not: evaluate all with the same options"
        )
    return np.concatenate(present)


def _concatenate(name: str, tables: list[pa.Table | None]) -> pa.Table | None:
    present = [table for table in tables if table is not None]
    if not present:
        return None
    if len(present) != len(tables):
        raise InputError(f"some shards hold {name} and some do not: evaluate all with the same options")
    return pa.concat_tables(present, promote_options="default")

"""A data set: one row per image with its truth and metadata, and a content digest."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.datasets.objects import check_objects
from seatrial.datasets.problems import Problem
from seatrial.digests import digest_bytes, digest_json
from seatrial.errors import EmptyDatasetError, InputError, examples
from seatrial.files import atomic_folder, read_json

__all__ = ["RESERVED", "DatasetManifest", "Task"]

Task = Literal["classification", "detection", "segmentation"]

SCHEMA_VERSION = 1

# images in the blocks that shards are made of, see ``DatasetManifest.shard``
_LARGEST_BLOCK, _BLOCKS = 512, 64

#: Column names that the manifest and the evaluation table use themselves; metadata may not take them.
RESERVED = (
    *("id", "uri", "label", "mask", "mask_content", "annotated", "group", "content"),
    *("prediction", "confidence", "loss", "truths", "predictions", "off_core"),
)

#: Columns of the table that hold a task's truth.
_TRUTH: dict[Task, tuple[str, ...]] = {
    "classification": ("label",),
    "detection": ("annotated",),
    "segmentation": ("mask", "mask_content"),
}


@dataclass(frozen=True)
class DatasetManifest:
    """Rows of images with truth and metadata.

    Attributes:
        name: What people call the data set.
        task: What its truth is for.
        classes: Class names in the order of the model's outputs.
        table: One row per image. ``id`` (string, unique), ``uri`` (string, null where there is only a
            table of predictions), ``group`` (string, null
            where images are independent; images of one scene, video or patient share it), ``content``
            (string, SHA-256 of the image's bytes, null where it was not read), then metadata columns.
            Truth is in ``label`` (string, null where unlabelled) for classification; in ``objects`` for
            detection, with ``annotated`` (bool) false for an image that nobody looked at; in ``mask``
            (string, URI of an image of class codes, null where unlabelled) and ``mask_content`` (string,
            SHA-256 of its bytes) for segmentation. Only the task's own columns are there.
        objects: Ground-truth objects, see :mod:`seatrial.datasets.objects`, in the order of the images;
            None unless the task is detection.
        void: Pixel value of a segmentation mask that stands for no class and is left out.
        foreground: The pixels of a segmentation mask are numbers of instances: 0 is the first of two
            classes, everything else the second; :func:`~seatrial.datasets.mask_image.class_codes` decodes.
        problems: What the reader noticed; no part of the content.
    """

    name: str
    task: Task
    classes: tuple[str, ...]
    table: pa.Table
    objects: pa.Table | None = None
    void: int | None = None
    foreground: bool = False
    problems: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        """Check ids, labels and column names.

        Raises:
            InputError: The data set is empty, an id is missing or not unique, or a label is not a class.
        """
        if self.table.num_rows == 0:
            raise EmptyDatasetError(f"data set {self.name!r} is empty: expected at least one image")
        ids = self.table.column("id").to_pylist()
        if len(set(ids)) != len(ids):
            repeated = [one for one, times in Counter(ids).items() if times > 1]
            raise InputError(f"data set {self.name!r}: ids must be unique, repeated: {examples(repeated)}")
        for column in _TRUTH[self.task]:
            if column not in self.table.column_names:
                raise InputError(f"data set {self.name!r}: {self.task} needs a column {column!r}")
        if (self.objects is not None) != (self.task == "detection"):
            raise InputError(f"data set {self.name!r}: objects belong to detection, the task is {self.task}")
        if self.objects is not None:
            check_objects(self.name, self.objects, set(ids), self.classes)
        if self.task == "classification":
            self._check_labels()

    def _check_labels(self) -> None:
        known = set(self.classes)
        for row, label in enumerate(self.table.column("label").to_pylist(), start=1):
            if label is not None and label not in known:
                raise InputError(
                    f"data set {self.name!r}, row {row}, column 'label': "
                    f"expected one of {examples(self.classes)}, got {label!r}"
                )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def metadata(self) -> tuple[str, ...]:
        """Names of the metadata columns: everything that is not reserved."""
        return tuple(name for name in self.table.column_names if name not in RESERVED)

    @property
    def annotated(self) -> NDArray[np.bool_]:
        """Whether each image carries a truth, shape (n,)."""
        column = self.table.column(_TRUTH[self.task][0])
        if self.task == "detection":
            return np.asarray(column.to_numpy(), dtype=np.bool_)
        return np.asarray(column.is_valid().to_numpy())

    @cached_property
    def digest(self) -> str:
        """Content digest: classes and every row but its uris, so that a moved data set keeps its digest."""
        places = [name for name in ("uri", "mask") if name in self.table.column_names]
        content = {
            "task": self.task,
            "classes": self.classes,
            "rows": _plain(self.table.drop_columns(places)),
        }
        if self.objects is not None:
            content["objects"] = _plain(self.objects)
        if self.void is not None:
            content["void"] = self.void
        if self.foreground:
            content["foreground"] = True
        return digest_json(content)

    def shard(self, index: int, count: int) -> "DatasetManifest":
        """Take part ``index`` (from 0) of ``count`` contiguous parts, which make up the whole in order.

        Parts begin at multiples of a block: 512 images where the data set has 32,768 or more, else the
        largest power of two that makes 64 blocks. So a model sees the same batches as without shards, as
        long as a batch is no larger than a block.

        Raises:
            InputError: ``index`` is not in [0, ``count``), or the part would be empty.
        """
        if not 0 <= index < count:
            raise InputError(f"shard {index}/{count}: expected an index from 0 to {count - 1}")
        block = _block(len(self), count)
        start, stop = (
            len(self) if number == count else len(self) * number // count // block * block
            for number in (index, index + 1)
        )
        if start == stop:
            raise InputError(f"shard {index}/{count} of {len(self)} images is empty: use fewer shards")
        return self._with(self.table.slice(start, stop - start))

    def take(self, rows: NDArray[np.int64]) -> "DatasetManifest":
        """Take some of the images, each at most once, in the order of ``rows``; objects keep their own order.

        Raises:
            InputError: ``rows`` is empty, or has a row twice.
        """
        return self._with(self.table.take(pa.array(rows)))

    def _with(self, table: pa.Table) -> "DatasetManifest":
        objects = self.objects
        if objects is not None:
            objects = objects.filter(pc.is_in(objects.column("image"), value_set=table.column("id")))
        return replace(self, table=table, objects=objects)

    def write(self, folder: Path) -> None:
        """Write ``manifest.parquet``, ``objects.parquet`` and ``dataset.json``, atomically."""
        with atomic_folder(folder, ("manifest.parquet", "objects.parquet", "dataset.json")) as temporary:
            pq.write_table(self.table, temporary / "manifest.parquet")
            if self.objects is not None:
                pq.write_table(self.objects, temporary / "objects.parquet")
            header = {
                "schema_version": SCHEMA_VERSION,
                "name": self.name,
                "task": self.task,
                "classes": list(self.classes),
                "digest": self.digest,
                "n": len(self),
                "void": self.void,
                "foreground": self.foreground,
            }
            (temporary / "dataset.json").write_text(json.dumps(header, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "DatasetManifest":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: The folder is not a manifest, or its content does not match its digest.
        """
        header = read_json(folder / "dataset.json")
        manifest = cls(
            header["name"],
            header["task"],
            tuple(header["classes"]),
            pq.read_table(folder / "manifest.parquet"),
            pq.read_table(folder / "objects.parquet") if header["task"] == "detection" else None,
            header.get("void"),
            header.get("foreground", False),
        )
        if manifest.digest != header["digest"]:
            raise InputError(f"{folder}: manifest.parquet was changed after dataset.json was written")
        return manifest


def _block(size: int, count: int) -> int:
    """Give the images of which a shard holds a multiple; with more parts than blocks, parts are uneven."""
    blocks = max(_BLOCKS, count)
    return min(_LARGEST_BLOCK, 1 << max(0, (size // blocks).bit_length() - 1))


def _plain(table: pa.Table) -> Any:
    """Give rows as JSON would hold them; bytes by their digest."""
    return json.loads(json.dumps(table.to_pylist(), default=_text))


def _text(value: Any) -> str:
    return digest_bytes(value) if isinstance(value, bytes) else str(value)

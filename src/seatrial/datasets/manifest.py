"""A data set: one row per image with its truth and metadata, and a content digest."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.digests import digest_json
from seatrial.errors import InputError, examples
from seatrial.files import atomic_folder, read_json

__all__ = ["RESERVED", "DatasetManifest", "Task"]

Task = Literal["classification", "detection", "segmentation"]

SCHEMA_VERSION = 1

#: Column names that the manifest and the evaluation table use themselves; metadata may not take them.
RESERVED = ("id", "uri", "label", "group", "content", "prediction", "confidence", "loss")


@dataclass(frozen=True)
class DatasetManifest:
    """Rows of images with truth and metadata.

    Attributes:
        name: What people call the data set.
        task: What its truth is for.
        classes: Class names in the order of the model's outputs.
        table: One row per image. ``id`` (string, unique), ``uri`` (string, null where there is only a
            table of predictions), ``label`` (string, null where unlabelled), ``group`` (string, null
            where images are independent; images of one scene, video or patient share it), ``content``
            (string, SHA-256 of the image's bytes, null where it was not read), then metadata columns.
    """

    name: str
    task: Task
    classes: tuple[str, ...]
    table: pa.Table

    def __post_init__(self) -> None:
        """Check ids, labels and column names.

        Raises:
            InputError: The data set is empty, an id is missing or not unique, or a label is not a class.
        """
        if self.table.num_rows == 0:
            raise InputError(f"data set {self.name!r} is empty: expected at least one image")
        ids = self.table.column("id").to_pylist()
        if len(set(ids)) != len(ids):
            repeated = [one for one, times in Counter(ids).items() if times > 1]
            raise InputError(f"data set {self.name!r}: ids must be unique, repeated: {examples(repeated)}")
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

    @cached_property
    def digest(self) -> str:
        """Content digest: classes and every row but its uri, so that a moved data set keeps its digest."""
        rows = self.table.drop_columns(["uri"]).to_pylist()
        plain = json.loads(json.dumps(rows, default=str))
        return digest_json({"task": self.task, "classes": self.classes, "rows": plain})

    def shard(self, index: int, count: int) -> "DatasetManifest":
        """Take part ``index`` (from 0) of ``count`` contiguous parts, which make up the whole in order.

        Raises:
            InputError: ``index`` is not in [0, ``count``), or the part would be empty.
        """
        if not 0 <= index < count:
            raise InputError(f"shard {index}/{count}: expected an index from 0 to {count - 1}")
        start, stop = len(self) * index // count, len(self) * (index + 1) // count
        if start == stop:
            raise InputError(f"shard {index}/{count} of {len(self)} images is empty: use fewer shards")
        return DatasetManifest(self.name, self.task, self.classes, self.table.slice(start, stop - start))

    def write(self, folder: Path) -> None:
        """Write ``manifest.parquet`` and ``dataset.json`` into ``folder``, atomically."""
        with atomic_folder(folder, ("manifest.parquet", "dataset.json")) as temporary:
            pq.write_table(self.table, temporary / "manifest.parquet")
            header = {
                "schema_version": SCHEMA_VERSION,
                "name": self.name,
                "task": self.task,
                "classes": list(self.classes),
                "digest": self.digest,
                "n": len(self),
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
        )
        if manifest.digest != header["digest"]:
            raise InputError(f"{folder}: manifest.parquet was changed after dataset.json was written")
        return manifest

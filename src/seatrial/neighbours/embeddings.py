"""Vectors of images or of objects, with what they were made of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seatrial.digests import digest_json, digest_tree
from seatrial.errors import InputError, examples
from seatrial.files import atomic_folder, read_json

__all__ = [
    "EMBEDDINGS_WRITTEN",
    "SIDES",
    "Embeddings",
    "Level",
    "check_finite",
    "read_header",
    "write_header",
]

#: What a row shows.
Level = Literal["image", "object"]

SCHEMA_VERSION = 1

#: Files that a folder of embeddings consists of, the index beside them included.
EMBEDDINGS_WRITTEN = ("embeddings.parquet", "embeddings.json", "index-*.faiss", "index-*.json")

#: Columns of the box of a row that shows an object; ``width`` and ``height`` are the image's.
SIDES = ("x", "y", "box_width", "box_height")
_LEVELS = ("image", "object")
_MATRIX = 2
_OWN = ("id", "vector", *SIDES)


@dataclass(frozen=True)
class Embeddings:
    """One vector a row, made by one model.

    Attributes:
        ids: Id of the sample that each row shows; it repeats where a row is an object.
        vectors: Shape (n, width), float32, finite.
        boxes: x, y, width and height in pixels of the object that each row shows, shape (n, 4), float64; None
            at image level.
        header: What they were made of: ``model``, ``model_digest``, ``dataset``, ``dataset_digest``,
            ``level`` (``"image"`` or ``"object"``) and what else its maker says; plain JSON.
        details: Further columns, row for row: ``uri``, ``content``, ``width``, ``height``, ``class``,
            ``prediction``, ``confidence``, ``uncertainty`` …; None where there are none.
    """

    ids: tuple[str, ...]
    vectors: NDArray[np.float32]
    boxes: NDArray[np.float64] | None = None
    header: Mapping[str, Any] = field(default_factory=dict)
    details: pa.Table | None = None

    def __post_init__(self) -> None:
        """Check shapes and values.

        Raises:
            InputError: They do not fit each other, or a value is not finite; names the first rows.
        """
        n = len(self.ids)
        if self.vectors.ndim != _MATRIX or len(self.vectors) != n or self.vectors.dtype != np.float32:
            raise InputError(
                f"embeddings: expected float32 vectors shaped ({n}, width), a row an id, got "
                f"{self.vectors.dtype} shaped {self.vectors.shape}"
            )
        if n and not self.vectors.shape[1]:
            raise InputError("embeddings: expected vectors of at least one value, got a width of 0")
        if self.boxes is not None and self.boxes.shape != (n, 4):
            raise InputError(f"embeddings: expected boxes shaped ({n}, 4), got {self.boxes.shape}")
        if self.details is not None and self.details.num_rows != n:
            raise InputError(f"embeddings: expected {n} rows of details, got {self.details.num_rows}")
        check_finite(self.vectors, self.ids)
        level = self.header.get("level", self.level)
        if level != self.level:
            expected = "boxes" if level == "object" else "no boxes"
            raise InputError(f"embeddings: level {level!r} needs {expected}, one of {', '.join(_LEVELS)}")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def level(self) -> Level:
        """Whether a row is an image or an object."""
        return "image" if self.boxes is None else "object"

    @property
    def width(self) -> int:
        """Values in a vector."""
        return int(self.vectors.shape[1])

    def column(self, name: str) -> list[Any]:
        """Give a column of the details; nulls where there is none of that name."""
        if self.details is None or name not in self.details.column_names:
            return [None] * len(self)
        found: list[Any] = self.details.column(name).to_pylist()
        return found

    def take(self, rows: NDArray[np.int64]) -> "Embeddings":
        """Give some of the rows, in the order of ``rows``."""
        return Embeddings(
            tuple(self.ids[row] for row in rows.tolist()),
            self.vectors[rows],
            None if self.boxes is None else self.boxes[rows],
            self.header,
            None if self.details is None else self.details.take(pa.array(rows)),
        )

    def check_same_model(self, other: "Embeddings", names: tuple[str, str]) -> None:
        """Check that the vectors of both can be compared.

        Args:
            other: The others.
            names: What this and the other are called in the message.

        Raises:
            InputError: They are of different widths or were made by different models.
        """
        mine, yours = (one.header.get("model_digest") for one in (self, other))
        known = bool(mine and yours)
        if self.width == other.width and (not known or mine == yours):
            return
        said = [
            f"{name} holds {one.width} values a vector of model {one.header.get('model', 'unknown')!r}"
            for name, one in zip(names, (self, other), strict=True)
        ]
        raise InputError(
            f"embeddings of different models cannot be compared: {' and '.join(said)}; embed both with the "
            "same model"
        )

    def write(self, folder: Path) -> None:
        """Write ``embeddings.parquet`` and ``embeddings.json``, atomically; the same input, the same bytes.

        Raises:
            InputError: The folder cannot be written.
        """
        with atomic_folder(folder, EMBEDDINGS_WRITTEN) as temporary:
            pq.write_table(self.table(), temporary / "embeddings.parquet")
            write_header(temporary, self.header, self.level, len(self), self.width)

    def table(self) -> pa.Table:
        """Give ids, vectors, boxes and details as one table, as they are written."""
        flat = pa.array(np.ascontiguousarray(self.vectors).reshape(-1))
        columns: dict[str, Any] = {
            "id": pa.array(self.ids, pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(flat, self.width) if len(self) else _no_vectors(self),
        }
        if self.boxes is not None:
            columns |= {name: pa.array(self.boxes[:, side]) for side, name in enumerate(SIDES)}
        if self.details is not None:
            taken = [name for name in self.details.column_names if name in _OWN]
            if taken:
                raise InputError(f"embeddings: details may not be called {examples(taken)}")
            columns |= {name: self.details.column(name) for name in self.details.column_names}
        return pa.table(columns)

    @classmethod
    def read(cls, folder: Path) -> "Embeddings":
        """Read what :meth:`write` wrote.

        Raises:
            InputError: The folder is absent, incomplete, damaged or of another schema version.
        """
        header = read_header(folder)
        path = folder / "embeddings.parquet"
        try:
            table = pq.read_table(path).combine_chunks()
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"cannot read {path}: {error}") from error
        if missing := [name for name in ("id", "vector") if name not in table.column_names]:
            raise InputError(f"{path}: expected columns id and vector, there is no {examples(missing)}")
        column = table.column("vector").combine_chunks()
        if not pa.types.is_fixed_size_list(column.type):
            raise InputError(f"{path}, column 'vector': expected lists of one size, got {column.type}")
        values = np.asarray(column.flatten().to_numpy(zero_copy_only=False), dtype=np.float32)
        boxes = None
        if SIDES[0] in table.column_names:
            boxes = np.stack([table.column(name).to_numpy().astype(np.float64) for name in SIDES], axis=1)
        others = [name for name in table.column_names if name not in _OWN]
        try:
            return cls(
                tuple(table.column("id").to_pylist()),
                values.reshape(table.num_rows, column.type.list_size),
                boxes,
                header,
                table.select(others) if others else None,
            )
        except (InputError, ValueError) as error:
            raise InputError(f"{path}: {error}") from error

    @staticmethod
    def digest(folder: Path) -> str:
        """Digest written embeddings; an index beside them does not count."""
        return digest_json([digest_tree(folder / name) for name in EMBEDDINGS_WRITTEN[:2]])


def check_finite(vectors: NDArray[np.float32], ids: tuple[str, ...] | None = None) -> None:
    """Check that every value is finite.

    Raises:
        InputError: Some are not; names the first rows.
    """
    # the sum of a row is finite where its values are, but for an overflow, which the second look sorts out
    with np.errstate(over="ignore", invalid="ignore"):
        doubtful = np.flatnonzero(~np.isfinite(vectors.sum(axis=1)))
    broken = doubtful[~np.isfinite(vectors[doubtful]).all(axis=1)]
    if len(broken):
        named = examples([row if ids is None else ids[row] for row in broken.tolist()])
        raise InputError(
            f"embeddings: expected finite values, got NaN or infinity in {len(broken)} of {len(vectors)} "
            f"vectors: {named}"
        )


def write_header(folder: Path, header: Mapping[str, Any], level: Level, rows: int, width: int) -> None:
    """Write ``embeddings.json`` into a folder that is being made."""
    said = {**header, "schema_version": SCHEMA_VERSION, "level": level, "rows": rows, "width": width}
    text = json.dumps(said, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    (folder / "embeddings.json").write_text(text + "\n", encoding="utf-8")


def read_header(folder: Path) -> dict[str, Any]:
    """Read ``embeddings.json``.

    Raises:
        InputError: It is absent, no mapping, or of another schema version.
    """
    path = folder / "embeddings.json"
    header = read_json(path, "embed writes it")
    if not isinstance(header, dict) or header.get("schema_version") != SCHEMA_VERSION:
        got = header.get("schema_version") if isinstance(header, dict) else type(header).__name__
        raise InputError(f"{path}: expected schema_version {SCHEMA_VERSION}, got {got!r}")
    return {name: value for name, value in header.items() if name not in {"schema_version", "rows", "width"}}


def _no_vectors(embeddings: Embeddings) -> pa.Array:
    return pa.array([], pa.list_(pa.float32(), max(embeddings.width, 1)))

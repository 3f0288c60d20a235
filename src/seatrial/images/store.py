"""What was read of images before: a folder (or memory) of small tables, by the content of files."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import features

from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.files import atomic_file
from seatrial.images.measurement import MEASURED, unmeasured

__all__ = ["CONTENT", "FILES", "ImageStore", "current_store", "using_store"]

#: SHA-256 of a file's bytes, as bytes.
CONTENT = pa.binary(32)

#: Columns of what is known of files: the identity, the content, and the upright size where it is an image.
FILES = pa.schema(
    [("key", pa.binary(16)), ("content", CONTENT), ("width", pa.int32()), ("height", pa.int32())]
)

_IMAGES = pa.schema([("content", CONTENT), *MEASURED])

_TEXTS = pa.schema([("content", CONTENT), ("text", pa.string())])

#: Counts up whenever a measurement gives other values than before.
_VERSION = 1

#: Files of a kind above which they are put together into one.
_MOST_SEGMENTS = 24


@dataclass
class ImageStore:
    """Remembers contents and measurements of images between runs, and within one.

    What is remembered of an image is by the digest of its bytes; which bytes a file holds is by its identity
    (see :func:`~seatrial.images.identity.file_identity`). A run that is killed keeps what it had measured but
    the last batch. The folder can be deleted at any time, and several programs may use it at once:
    its files appear whole or not at all and are never changed.

    Attributes:
        root: The folder; created where it is absent. None remembers within this process alone.
        measuring: Whether images are decoded and measured when their bytes are read, or only digested.
    """

    root: Path | None = None
    measuring: bool = False
    _kinds: dict[str, "_Kind"] = field(default_factory=dict, repr=False)

    def files(self, keys: Sequence[bytes | None]) -> pa.Table:
        """Give what is known of files by their identity: a row of :data:`FILES` each, or nulls."""
        kind = self._kind("files", FILES)
        return kind.lookup(pa.array(keys, FILES.field("key").type))

    def measured(self, contents: pa.Array) -> pa.Table:
        """Give the measurements of contents: a row of ``MEASURED`` each, nulls where it was not measured.

        Args:
            contents: Digests of type :data:`CONTENT`, with nulls.
        """
        found = self._kind("images", _IMAGES).lookup(contents)
        return found.select(MEASURED.names) if found.num_rows else unmeasured(0)

    def knows(self, contents: pa.Array) -> pa.Array:
        """Tell for each content whether it was measured."""
        return self._kind("images", _IMAGES).knows(contents)

    def add_files(self, rows: pa.Table) -> None:
        """Remember which contents files have, rows of :data:`FILES`."""
        self._kind("files", FILES).add(rows)

    def add_measured(self, contents: pa.Array, rows: pa.Table) -> None:
        """Remember measurements, rows of ``MEASURED``, of contents."""
        self._kind("images", _IMAGES).add(rows.add_column(0, _IMAGES.field("content"), contents))

    def texts(self, name: str, contents: pa.Array) -> pa.Array:
        """Give what was remembered of contents under a name, null where nothing was."""
        return self._kind(name, _TEXTS).lookup(contents).column("text").combine_chunks()

    def add_texts(self, name: str, contents: pa.Array, texts: Sequence[str]) -> None:
        """Remember a text of each content under a name."""
        self._kind(name, _TEXTS).add(pa.table([contents, pa.array(texts, pa.string())], schema=_TEXTS))

    def _kind(self, name: str, schema: pa.Schema) -> "_Kind":
        if name not in self._kinds:
            folder = None if self.root is None else self.root / f"images-{_programs()}" / name
            self._kinds[name] = _Kind(folder, schema)
        return self._kinds[name]


def _programs() -> str:
    """Digest what computes measurements: other versions decode to other pixels."""
    decoders = [features.version(one) or "" for one in ("jpg", "libjpeg_turbo", "zlib", "webp", "libtiff")]
    return digest_json([_VERSION, MEASURED.names, version("pillow"), decoders])[7:23]


class _Kind:
    """Tables of one schema, looked up by their first column: in a folder, or in memory."""

    def __init__(self, folder: Path | None, schema: pa.Schema) -> None:
        self._folder, self._schema = folder, schema
        self._key = schema.names[0]
        # the keys of all tables, and for each key the table and row in which it is
        self._tables: list[Path | pa.Table] = []
        self._keys: list[pa.ChunkedArray] = []
        if folder is not None:
            self._open(folder)

    def _open(self, folder: Path) -> None:
        paths = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
        if len(paths) > _MOST_SEGMENTS:
            paths = _put_together(paths, self._schema)
        for path in paths:
            keys = _read(path, [self._key])
            if keys is not None:
                self._tables.append(path)
                self._keys.append(keys.column(0))

    def add(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        rows = rows.cast(self._schema).combine_chunks()
        written = None if self._folder is None else _write(self._folder, rows)
        self._tables.append(rows if written is None else written)
        self._keys.append(rows.column(0))

    def knows(self, wanted: pa.Array) -> pa.Array:
        return pc.is_valid(self._places(wanted))

    def lookup(self, wanted: pa.Array) -> pa.Table:
        places = self._places(wanted)
        rows = np.asarray(places.fill_null(-1))
        starts = np.cumsum([0, *map(len, self._keys)])
        parts = [self._schema.empty_table()]
        order = np.full(len(rows), -1, np.int64)
        done = 0
        for number, table in enumerate(self._tables):
            mine = np.flatnonzero((rows >= starts[number]) & (rows < starts[number + 1]))
            if not mine.size:
                continue
            found = _read(table, None) if isinstance(table, Path) else table
            if found is None or found.num_rows != len(self._keys[number]):
                continue  # another program has put it together with others: as if it were not known
            parts.append(found.take(pa.array(rows[mine] - starts[number])))
            order[mine] = np.arange(done, done + mine.size)
            done += mine.size
        together = pa.concat_tables(parts).combine_chunks()
        return together.take(pa.array(order, mask=order < 0))

    def _places(self, wanted: pa.Array) -> pa.Array:
        if not self._keys:
            return pa.nulls(len(wanted), pa.int64())
        values = pa.chunked_array([chunk for keys in self._keys for chunk in keys.chunks], wanted.type)
        found = pc.index_in(wanted, value_set=values.combine_chunks(), skip_nulls=True)
        return found.cast(pa.int64())


def _read(path: Path, columns: list[str] | None) -> pa.Table | None:
    """Read a table; one that is gone or damaged counts as absent."""
    try:
        return pq.read_table(path, columns=columns, page_checksum_verification=True, memory_map=True)
    except (OSError, pa.ArrowException):
        return None


def _write(folder: Path, rows: pa.Table) -> Path | None:
    path = folder / f"{os.urandom(8).hex()}.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder.parent.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        with atomic_file(path) as temporary:
            pq.write_table(rows, temporary, write_page_checksum=True)
    except (InputError, OSError) as error:
        global _told  # noqa: PLW0603 - it is said once a process
        if not _told:
            _told = True
            sys.stderr.write(f"measure images: not kept for later runs: {error}\n")
        return None
    return path


_told = False


def _put_together(paths: list[Path], schema: pa.Schema) -> list[Path]:
    """Make one file of many, one after another in memory; gives the files that are there then."""
    path = paths[0].with_name(f"{os.urandom(8).hex()}.parquet")
    try:
        with (
            atomic_file(path) as temporary,
            pq.ParquetWriter(temporary, schema, write_page_checksum=True) as out,
        ):
            for one in paths:
                rows = _read(one, None)
                if rows is not None and rows.schema.equals(schema):
                    out.write_table(rows)
        for one in paths:
            one.unlink(missing_ok=True)
    except (InputError, OSError):
        return paths  # a folder that cannot be written to is still read
    return [path]


_current: ContextVar[ImageStore | None] = ContextVar("current_image_store", default=None)


def current_store() -> ImageStore:
    """Give the store that images are read through now; where none is in use, one that remembers nothing."""
    return _current.get() or ImageStore()


@contextmanager
def using_store(store: ImageStore) -> Iterator[ImageStore]:
    """Read images through a store, wherever below it happens: readers of data sets are given no store."""
    token = _current.set(store)
    try:
        yield store
    finally:
        _current.reset(token)

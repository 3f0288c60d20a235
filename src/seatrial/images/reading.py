"""The pass over image files: each is read once, digested, decoded and measured, unless that is known."""

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore

import numpy as np
import pyarrow as pa

from seatrial.images.decode import UnreadableImageError, read_bytes, upright_size
from seatrial.images.identity import FileIdentity, file_identity
from seatrial.images.measurement import Measurement, measure_bytes, measured_table
from seatrial.images.properties import PROPERTIES
from seatrial.images.store import CONTENT, FILES, ImageStore
from seatrial.progress import Advance, progress

__all__ = ["READ", "read_images"]

#: Columns of what a pass tells of files: ``reason`` is why the file cannot be read, else null; ``content``
#: the SHA-256 of its bytes; width and height are null where it is no image.
READ = pa.schema([("reason", pa.string()), *list(FILES)[1:]])

#: Files that are looked at together: what is known of them is looked up in one go.
_CHUNK = 8192

#: Images after which what was measured is put into the store.
_BATCH = 1024

#: Threads that wait for remote files.
_READERS = 16

_WIDTH, _HEIGHT = PROPERTIES.index("width"), PROPERTIES.index("height")


@dataclass(frozen=True, slots=True)
class _Read:
    row: int
    identity: FileIdentity | None
    reason: str | None
    content: bytes | None = None
    size: tuple[int, int] | None = None
    measurement: Measurement | None = None


def read_images(
    uris: Sequence[str], store: ImageStore, *, what: str = "read images", workers: int | None = None
) -> pa.Table:
    """Read image files that the store does not know, once each.

    Memory holds a few images and the columns of the result, however many files there are. Threads, not
    processes: reading, decoding and measuring let go of the interpreter.

    Args:
        uris: Local paths or fsspec URIs.
        store: Is asked first, and filled. Where it is measuring, images are decoded and measured, too; ask it
            for the measurements by content then.
        what: What the progress bar says.
        workers: Threads that decode; by default one a core.

    Returns:
        A row of :data:`READ` for each, in order.
    """
    if not uris:
        return READ.empty_table()
    cores = workers or len(os.sched_getaffinity(0))
    threads = max(cores, _READERS) if any("://" in one for one in uris) or not store.measuring else cores
    slots = BoundedSemaphore(cores)
    parts = []
    with ThreadPoolExecutor(threads) as pool, progress(what, len(uris), "images") as advance:
        for start in range(0, len(uris), _CHUNK):
            chunk = uris[start : start + _CHUNK]
            parts.append(_read_chunk(chunk, store, pool, slots, 4 * threads, advance))
    return pa.concat_tables(parts).combine_chunks()


def _read_chunk(
    uris: Sequence[str],
    store: ImageStore,
    pool: ThreadPoolExecutor,
    slots: BoundedSemaphore,
    ahead: int,
    advance: Advance,
) -> pa.Table:
    look = pool.map(file_identity, uris) if any("://" in one for one in uris) else map(file_identity, uris)
    identities = list(look)
    known = store.files([one.key if one else None for one in identities])
    done = known.column("content").combine_chunks().is_valid()
    if store.measuring:
        done = pa.compute.and_(done, store.knows(known.column("content").combine_chunks()))
    todo = np.flatnonzero(~np.asarray(done)).tolist()
    advance(len(uris) - len(todo))
    results: list[_Read] = []
    batch: list[_Read] = []

    def keep() -> None:
        _remember(store, batch)
        results.extend(_Read(one.row, None, one.reason, one.content, one.size) for one in batch)
        batch.clear()

    try:
        for one in _ahead(pool, ahead, [(row, uris[row], identities[row]) for row in todo], store, slots):
            batch.append(one)
            if len(batch) == _BATCH:
                keep()
            advance(1)
    finally:
        keep()
    return _table(known, results)


def _ahead(
    pool: ThreadPoolExecutor,
    ahead: int,
    todo: Sequence[tuple[int, str, FileIdentity | None]],
    store: ImageStore,
    slots: BoundedSemaphore,
) -> Iterator[_Read]:
    """Read files in threads and yield them in order; few are waiting at any time."""
    waiting: deque[Future[_Read]] = deque()
    try:
        for row, uri, identity in todo:
            waiting.append(pool.submit(_read, row, uri, identity, store.measuring, slots))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for one in waiting:
            one.cancel()


def _read(
    row: int, uri: str, identity: FileIdentity | None, measuring: bool, slots: BoundedSemaphore
) -> _Read:
    try:
        data = read_bytes(uri)
    except UnreadableImageError as error:
        return _Read(row, identity, str(error))
    content = hashlib.sha256(data).digest()
    if not measuring:
        return _Read(row, identity, None, content, _header_size(data))
    with slots:
        measurement = measure_bytes(data)
    found = measurement.properties
    size = _header_size(data) if found is None else (int(found[_WIDTH]), int(found[_HEIGHT]))
    return _Read(row, identity, None, content, size, measurement)


def _header_size(data: bytes) -> tuple[int, int] | None:
    try:
        return upright_size(data)
    except UnreadableImageError:
        return None


def _remember(store: ImageStore, batch: Sequence[_Read]) -> None:
    measured = [(one.content, one.measurement) for one in batch if one.measurement is not None]
    if measured:
        contents = pa.array([content for content, _ in measured], CONTENT)
        store.add_measured(contents, measured_table([measurement for _, measurement in measured]))
    settled = [one for one in batch if one.content is not None and one.identity and one.identity.settled]
    keys = pa.array([one.identity.key for one in settled if one.identity], FILES.field("key").type)
    store.add_files(_rows(settled).drop_columns(["reason"]).add_column(0, FILES.field("key"), keys))


def _rows(found: Sequence[_Read]) -> pa.Table:
    return pa.table(
        [
            pa.array([one.reason for one in found], pa.string()),
            pa.array([one.content for one in found], CONTENT),
            pa.array([one.size and one.size[0] for one in found], pa.int32()),
            pa.array([one.size and one.size[1] for one in found], pa.int32()),
        ],
        schema=READ,
    )


def _table(known: pa.Table, results: Sequence[_Read]) -> pa.Table:
    """Put what was read now in the place of what was not known."""
    before = known.drop_columns(["key"]).add_column(
        0, READ.field("reason"), pa.nulls(len(known), pa.string())
    )
    order = np.arange(len(known))
    order[[one.row for one in results]] = len(known) + np.arange(len(results))
    return pa.concat_tables([before, _rows(results)]).combine_chunks().take(pa.array(order))

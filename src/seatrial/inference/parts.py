"""Finished chunks of an evaluation, kept beside its output so that an interrupted run continues."""

import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.files import atomic_file
from seatrial.inference.chunk import Chunk, ImageResult

__all__ = ["Parts"]

#: In front of the names of a task's arrays, and of the numbers of rows that each image has in them.
_ROWS, _COUNTS = "rows ", "counts "


class Parts:
    """The folder ``.<out>.parts`` with one file a finished chunk, for one key.

    Chunks of another key (another model, data set, option or shard) are removed: they can never be used.

    Args:
        out: Where the finished evaluation goes.
        key: Digest of everything that the chunks depend on.
    """

    def __init__(self, out: Path, key: str) -> None:
        path = out.absolute()
        self._root = path.parent / f".{path.name}.parts"
        self._folder = self._root / key.removeprefix("sha256:")[:16]
        if self._root.is_dir():
            for other in self._root.iterdir():
                if other != self._folder:
                    shutil.rmtree(other, ignore_errors=True)

    def load(self, number: int) -> Chunk | None:
        """Read a finished chunk; None where it is not there or not readable."""
        try:
            with self._opened(number) as stored:
                notes = json.loads(str(stored["notes"]))
                return Chunk(
                    stored["kept"],
                    _unstacked(stored, len(stored["kept"])),
                    stored.get("embeddings"),
                    stored["properties"],
                    tuple((row, reason) for row, reason in notes["failures"]),
                    notes["batch_size"],
                )
        except (OSError, KeyError, ValueError, zipfile.BadZipFile):
            return None

    def load_results(self, number: int) -> tuple[ImageResult, ...]:
        """Read what is kept of each image of a finished chunk."""
        with self._opened(number) as stored:
            return _unstacked(stored, len(stored["kept"]))

    def stacked(self, name: str, numbers: Sequence[int]) -> NDArray[Any]:
        """Put an array of the task's together from finished chunks, in a file that is mapped into memory."""
        return self._together(_ROWS + name, _COUNTS + name, numbers)

    def stacked_embeddings(self, numbers: Sequence[int]) -> NDArray[np.float32] | None:
        """Put the embeddings together likewise; None where a chunk has none."""
        for number in numbers:
            with self._opened(number) as stored:
                if "embeddings" not in stored:
                    return None
        return self._together("embeddings", None, numbers)

    def _together(self, name: str, counts: str | None, numbers: Sequence[int]) -> NDArray[Any]:
        lengths = []
        for number in numbers:
            with self._opened(number) as stored:
                lengths.append(len(stored["kept"]) if counts is None else int(stored[counts].sum()))
        with self._opened(numbers[0]) as stored:
            dtype, shape = stored[name].dtype, (sum(lengths), *stored[name].shape[1:])
        if not all(shape):
            return np.empty(shape, dtype)  # a file of no bytes cannot be mapped
        whole: NDArray[Any] = np.lib.format.open_memmap(self._folder / f"{name}.npy", "w+", dtype, shape)
        done = 0
        for number, length in zip(numbers, lengths, strict=True):
            with self._opened(number) as stored:
                whole[done : done + length] = stored[name]
            done += length
        return whole

    @contextmanager
    def _opened(self, number: int) -> Iterator[Any]:
        with self._path(number).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            yield stored

    def save(self, number: int, chunk: Chunk) -> None:
        """Keep a finished chunk, atomically.

        Raises:
            InputError: The folder cannot be written to, or the disk is full.
        """
        notes = json.dumps({"failures": chunk.failures, "batch_size": chunk.batch_size})
        arrays: dict[str, Any] = {"kept": chunk.kept, "properties": chunk.properties}
        arrays |= _stacked(chunk.results)
        if chunk.embeddings is not None:
            arrays["embeddings"] = chunk.embeddings
        with atomic_file(self._path(number)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, notes=np.array(notes), **arrays)

    def remove(self) -> None:
        """Remove everything that was kept."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"chunk-{number:06}.npz"


def _stacked(results: Sequence[ImageResult]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    for name in results[0] if results else ():
        values = [result[name] for result in results]
        arrays[_ROWS + name] = np.concatenate(values)
        arrays[_COUNTS + name] = np.array([len(value) for value in values], dtype=np.int64)
    return arrays


def _unstacked(stored: Mapping[str, NDArray[Any]], count: int) -> tuple[ImageResult, ...]:
    results: list[dict[str, NDArray[Any]]] = [{} for _ in range(count)]
    for name in stored:
        if name.startswith(_ROWS):
            own = name.removeprefix(_ROWS)
            ends = stored[_COUNTS + own].cumsum()[:-1]
            for result, values in zip(results, np.split(stored[name], ends), strict=True):
                result[own] = values
    return tuple(results)

"""Finished chunks of an evaluation, kept beside its output so that an interrupted run continues."""

import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
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
        path = self._path(number)
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
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

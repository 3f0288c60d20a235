"""Finished chunks of an evaluation, kept beside its output so that an interrupted run continues."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from seatrial.files import atomic_file
from seatrial.inference.chunk import Chunk

__all__ = ["Parts"]


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
                    stored["scores"],
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
        arrays: dict[str, Any] = {"kept": chunk.kept, "scores": chunk.scores, "properties": chunk.properties}
        if chunk.embeddings is not None:
            arrays["embeddings"] = chunk.embeddings
        with atomic_file(self._path(number)) as temporary, temporary.open("wb") as stream:
            np.savez(stream, notes=np.array(notes), **arrays)

    def remove(self) -> None:
        """Remove everything that was kept."""
        shutil.rmtree(self._root, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"chunk-{number:06}.npz"

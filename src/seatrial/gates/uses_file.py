"""A local file that counts uses, where there is no tracking server."""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seatrial.digests import canonical_json, digest_bytes
from seatrial.errors import InputError
from seatrial.fields import mapping, text
from seatrial.files import read_text, write_text

__all__ = ["UsesFile"]


@dataclass(frozen=True, slots=True)
class UsesFile:
    """An append-only file, one JSON object a line; each holds the digest of the line before.

    A line that was changed, removed or put elsewhere breaks that chain and is an error. (A file that lost
    its last lines, or was removed, cannot tell: keep it where its history is kept.)

    Attributes:
        path: The file; it need not be there yet.
    """

    path: Path

    def uses(self, dataset: str) -> Sequence[str]:
        """Give the ids of the uses of a data set, the oldest first.

        Raises:
            InputError: The file cannot be read, or is not what was written.
        """
        return [line["use"] for line in self._lines() if line["dataset"] == dataset]

    def record(self, dataset: str, use: str, number: int, about: dict[str, Any]) -> None:
        """Append a use, unless it is there.

        Args:
            dataset: Digest of the data set.
            use: Its id.
            number: Which use of the data set it was taken for.
            about: What a reader of the file wants to know of it.

        Raises:
            InputError: The file cannot be read or written, or another use has taken that number.
        """
        with self._locked():
            known = self.uses(dataset)
            if use in known:
                return
            if number != len(known) + 1:
                raise InputError(
                    f"{self.path}: this was judged as use {number} of the data set, but {len(known)} are "
                    "counted by now: measure the slices again"
                )
            before = read_text(self.path) if self.path.exists() else ""
            line = {"dataset": dataset, "use": use, **about, "previous": _previous(before)}
            write_text(self.path, before + canonical_json(line) + "\n")

    def _lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        content = read_text(self.path, "ledger")
        lines, before = [], ""
        for number, raw in enumerate(content.splitlines(keepends=True), start=1):
            line = self._line(raw, number)
            if line.get("previous") != _previous(before):
                raise InputError(
                    f"{self.path}:{number}: does not follow from the lines before: it was edited"
                )
            lines.append(line)
            before += raw
        return lines

    def _line(self, raw: str, number: int) -> dict[str, Any]:
        try:
            line = dict(mapping(json.loads(raw), "line"))
            text(line, "dataset")
            text(line, "use")
        except (ValueError, InputError) as error:
            raise InputError(f"{self.path}:{number}: not a use of a data set: {error}") from error
        return line

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes of this machine from appending at the same time."""
        folder = self.path.absolute().parent
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _previous(before: str) -> str | None:
    return digest_bytes(before.encode()) if before else None

"""Evaluations kept by what they were made from, so that a change of policy runs no model again."""

import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from seatrial.digests import digest_tree
from seatrial.errors import InputError
from seatrial.evaluation.table import EvaluationHeader, EvaluationTable
from seatrial.files import write_text

__all__ = ["EvaluationCache"]

#: Evaluations that are kept; of more, those that were not used for longest go.
_MOST = 20

_FOLDER, _DIGEST = "evaluation", "digest"

# what a killed run left half written is removed after a day
_ABANDONED_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class EvaluationCache:
    """A folder of evaluations by the digest of everything that decides their bytes.

    It can be deleted at any time, and several programs may use it at once: an entry appears whole or not at
    all, and one that is damaged counts as absent.

    Attributes:
        root: The folder; created where it is absent.
    """

    root: Path

    def load(self, key: str, header: EvaluationHeader) -> EvaluationTable | None:
        """Give the evaluation that is kept for ``key``; None where there is none.

        Args:
            key: Digest of everything that the evaluation depends on, but the name of the model.
            header: The header that an evaluation made now would get, without failures.
        """
        entry = self._entry(key)
        try:
            if digest_tree(entry / _FOLDER) != (entry / _DIGEST).read_text(encoding="utf-8"):
                return None
            table = EvaluationTable.read(entry / _FOLDER)
            os.utime(entry)
        except (InputError, OSError):
            return None
        named = replace(table.header, model=header.model)
        if replace(named, failures=()) != header:
            return None
        return replace(table, header=named, samples=table.samples.combine_chunks())

    def save(self, key: str, table: EvaluationTable) -> None:
        """Keep an evaluation; a folder that cannot be written to is told and keeps nothing."""
        entry = self._entry(key)
        temporary = None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / ".gitignore").write_text("*\n", encoding="utf-8")
            temporary = Path(tempfile.mkdtemp(prefix=".new.", dir=self.root))
            table.write(temporary / _FOLDER)
            write_text(temporary / _DIGEST, digest_tree(temporary / _FOLDER))
            shutil.rmtree(entry, ignore_errors=True)  # it is damaged, or the same
            temporary.replace(entry)
            self._prune()
        except (InputError, OSError) as error:
            if not entry.exists():  # else another run was quicker
                sys.stderr.write(f"evaluate: not kept for later runs: {error}\n")
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    def _entry(self, key: str) -> Path:
        return self.root / key.removeprefix("sha256:")

    def _prune(self) -> None:
        folders = (path for path in self.root.iterdir() if path.is_dir())
        # what was read of images is kept beside evaluations
        used = {path: path.stat().st_mtime for path in folders if not path.name.startswith("images-")}
        half = {path for path in used if path.name.startswith(".new.")}
        entries = sorted(used.keys() - half, key=lambda path: used[path])
        before = time.time() - _ABANDONED_SECONDS
        for old in [*entries[:-_MOST], *(path for path in half if used[path] < before)]:
            shutil.rmtree(old, ignore_errors=True)

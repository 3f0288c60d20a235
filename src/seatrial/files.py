"""Atomic writes: a killed step leaves the old result or none, never half of one."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from seatrial.errors import InputError, examples

__all__ = [
    "atomic_file",
    "atomic_folder",
    "check_folder",
    "read_json",
    "read_text",
    "write_json",
    "write_text",
]


def _writable_parent(path: Path) -> Path:
    parent = path.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create folder {parent}: {error.strerror}") from error
    if not os.access(parent, os.W_OK):
        raise InputError(f"cannot write into folder {parent}: permission denied")
    return parent


def check_folder(path: Path, ours: Sequence[str]) -> None:
    """Check, before long work, that a folder can be written at ``path`` without loss of anybody's files.

    Args:
        path: The folder; absent, empty, or one with an earlier result, which will be replaced as a whole.
        ours: Patterns of the file names that an earlier result may hold, e.g. ``("verdict.*",)``.

    Raises:
        InputError: ``path`` is a file or holds something else, or its parent cannot be written to.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"cannot write folder {path}: a file of that name is there")
    _writable_parent(path)
    names = sorted(item.name for item in path.iterdir()) if path.is_dir() else []
    others = [name for name in names if not any(fnmatch(name, pattern) for pattern in ours)]
    if others:
        expected = "expected none, an empty one or an earlier result"
        raise InputError(f"cannot write folder {path}: {expected}, found {examples(others)}")


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of ``path`` to write to; it becomes ``path`` when the block succeeds.

    Raises:
        InputError: The folder cannot be written to, or the disk is full.
    """
    parent = _writable_parent(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path, ours: Sequence[str]) -> Iterator[Path]:
    """Yield a temporary sibling folder; it replaces ``path`` when the block succeeds.

    Args:
        path: The folder; an earlier result that is there is replaced as a whole.
        ours: Patterns of the file names that an earlier result may hold; see :func:`check_folder`.

    Raises:
        InputError: ``path`` cannot be replaced, the parent cannot be written to, or the disk is full.
    """
    check_folder(path, ours)
    parent = path.absolute().parent
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            retired = Path(tempfile.mkdtemp(prefix=f".{path.name}.old.", dir=parent))
            path.replace(retired / path.name)
            temporary.replace(path)
            shutil.rmtree(retired)
        else:
            temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_text(path: Path, what: str = "", by: str = "") -> str:
    """Read a UTF-8 text file.

    Args:
        path: The file.
        what: What it holds, for the message: ``"policy"``.
        by: Which verbs write it, for the message where it is absent: ``"check-data writes it"``.

    Raises:
        InputError: The file cannot be read or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        named = f"{what} {path}" if what else path
        hint = f" ({by})" if by and isinstance(error, FileNotFoundError | NotADirectoryError) else ""
        raise InputError(f"cannot read {named}: {error.strerror}{hint}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8 text: {error.reason} at byte {error.start}") from error


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def read_json(path: Path, by: str = "") -> Any:
    """Read a JSON file.

    Args:
        path: The file.
        by: Which verbs write it, for the message where it is absent: ``"check-data writes it"``.

    Raises:
        InputError: The file is absent or is not JSON (NaN and Infinity are not); the message names line and
            column.
    """
    try:
        return json.loads(read_text(path, by=by), parse_constant=_refuse_constant)
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON: {error}") from error

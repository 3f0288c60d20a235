"""Atomic writes: a killed step leaves the old result or none, never half of one."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seatrial.errors import InputError

__all__ = ["atomic_file", "atomic_folder", "check_writable", "read_json", "write_json", "write_text"]


def _writable_parent(path: Path) -> Path:
    parent = path.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create folder {parent}: {error.strerror}") from error
    if not os.access(parent, os.W_OK):
        raise InputError(f"cannot write into folder {parent}: permission denied")
    return parent


def check_writable(path: Path) -> None:
    """Check, before long work, that a file or folder can be written at ``path``; its parent is created.

    Raises:
        InputError: The folder cannot be created or written to.
    """
    _writable_parent(path)


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
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling folder; it replaces ``path`` when the block succeeds.

    A folder that is already at ``path`` is replaced as a whole.

    Raises:
        InputError: ``path`` is a file, the parent cannot be written to, or the disk is full.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"cannot write folder {path}: a file of that name is there")
    parent = _writable_parent(path)
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


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON with sorted keys atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: The file is absent or is not JSON; the message names line and column.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON: {error}") from error

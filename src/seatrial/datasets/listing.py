"""Files of a folder, local or remote, and places that a data set's specification names."""

import sys
from collections.abc import Collection
from pathlib import PurePosixPath

import fsspec

from seatrial.datasets.problems import Problems
from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError

__all__ = ["IMAGE_SUFFIXES", "files_below", "is_folder", "place", "read_file", "visible_files"]

IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def files_below(
    spec: DatasetSpec, folder: str, suffixes: Collection[str], noted: Problems | None = None
) -> list[str]:
    """List files of some suffixes anywhere below a folder, hidden ones left out.

    Names that are not UTF-8 are left out, too, for no table holds them; they are noted.

    Returns:
        Paths relative to the folder, sorted; empty where there are none.

    Raises:
        InputError: The folder is absent.
    """
    if not is_folder(folder):
        raise InputError(f"data set {spec}: no such folder: {folder}")
    return visible_files(folder, suffixes, noted)


def visible_files(folder: str, suffixes: Collection[str], noted: Problems | None = None) -> list[str]:
    """List files of some suffixes anywhere below a folder that exists, see :func:`files_below`."""
    system, root = fsspec.url_to_fs(folder)
    prefix = root.rstrip("/") + "/"
    found = [path.removeprefix(prefix) for path in system.find(root)]
    visible = sorted(
        path
        for path in found
        if PurePosixPath(path).suffix.lower() in suffixes
        and not any(part.startswith(".") for part in path.split("/"))
    )
    problems = Problems() if noted is None else noted
    for path in visible:
        if not _is_text(path):
            problems.add(
                "name_not_text", path.encode(errors="surrogateescape").decode(errors="backslashreplace")
            )
    if noted is None:
        for problem in problems.all():
            sys.stderr.write(f"{folder}: {problem}\n")
    return [path for path in visible if _is_text(path)]


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_folder(path: str) -> bool:
    """Tell whether there is a folder at a path or URI."""
    system, root = fsspec.url_to_fs(path)
    return bool(system.isdir(root))


def place(base: str, given: str) -> str:
    """Find what an option names: as it is written if that exists, else below ``base``.

    Args:
        base: Folder of the data set.
        given: Local path or URI.
    """
    below = f"{base.rstrip('/')}/{given}"
    if "://" in given or given.startswith("/"):
        return given
    here, there = fsspec.url_to_fs(given), fsspec.url_to_fs(below)
    return given if here[0].exists(here[1]) and not there[0].exists(there[1]) else below


def read_file(path: str, what: str) -> str:
    """Read a text file.

    Args:
        path: Local path or fsspec URI.
        what: What the file is, for messages.

    Raises:
        InputError: The file is absent, cannot be read, or is not UTF-8.
    """
    try:
        with fsspec.open(path, "rb") as stream:
            data = bytes(stream.read())
        return data.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path} ({what})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read {what}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: expected UTF-8 text: {error.reason}") from error

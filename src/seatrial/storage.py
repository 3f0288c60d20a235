"""Results on object storage: a URI stands wherever a local file or folder does.

A result is fetched into a temporary place, worked on there, and delivered when the work has succeeded. Data
sets are not fetched: their readers list them and read image by image.

Credentials come from where the object store's own client finds them: the environment, a file, or the
identity of the workload.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec

from seatrial.digests import digest_file
from seatrial.errors import InputError, SeatrialError, ServiceError
from seatrial.secrets import without_secrets

__all__ = ["answering", "delivered", "fetched", "is_remote", "remove"]


def is_remote(place: str) -> bool:
    """Tell whether a place is a URI of a file system (``s3://…``, ``gs://…``) rather than a local path."""
    return "://" in place


@contextmanager
def answering(place: str) -> Iterator[None]:
    """Say in one line what is wrong with a place on object storage, where the block finds it out.

    Errors at a local path pass.

    Raises:
        InputError: Its kind is not known, or the package that reads it is not installed.
        ServiceError: It does not answer, or refuses.
    """
    try:
        yield
    except SeatrialError:
        raise
    except Exception as error:
        if not is_remote(place):
            raise
        # each file system fails in its own way (no package, no credentials, no bucket, no network)
        told = " ".join(str(error).split()) or type(error).__name__
        raised = InputError if isinstance(error, ImportError) else ServiceError
        raise raised(without_secrets(f"cannot use {place}: {told}")) from error


@contextmanager
def fetched(place: str) -> Iterator[Path]:
    """Yield a local path with what is at a place, for the block.

    Args:
        place: Local path, which is yielded as it is, or URI of a file or folder.

    Raises:
        InputError: There is nothing at the URI.
        ServiceError: The object store does not answer or refuses.
    """
    if not is_remote(place):
        yield Path(place)
        return
    with _room(place) as local:
        if not _fetch(place, local):
            raise InputError(f"cannot read {without_secrets(place)}: there is nothing at this address")
        yield local


@contextmanager
def delivered(place: str) -> Iterator[Path]:
    """Yield a local path to write to; what it holds is put to the place when the block succeeds.

    What is at the place already is there, as it would be locally, so that a finished result can be kept and
    somebody else's files are not overwritten. While a folder is delivered its ``*.json`` files are absent:
    they go first and come last, so that nobody reads half of a result.

    Args:
        place: Local path, which is yielded as it is, or URI of a file or folder.

    Raises:
        ServiceError: The object store does not answer or refuses.
    """
    if not is_remote(place):
        yield Path(place)
        return
    with _room(place) as local:
        _fetch(place, local)
        before = _digests(local)
        yield local
        if (after := _digests(local)) != before:
            _put(local, sorted(after), place)


def remove(place: str) -> None:
    """Remove a folder and everything below it; one that is absent is fine.

    Raises:
        ServiceError: The object store does not answer or refuses.
    """
    if not is_remote(place):
        shutil.rmtree(place, ignore_errors=True)
        return
    with answering(place):
        system, path = _opened(place)
        if system.exists(path):
            system.rm(path, recursive=True)


@contextmanager
def _room(place: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seatrial-storage-") as folder:
        yield Path(folder) / (PurePosixPath(place.rstrip("/")).name or "root")


def _fetch(place: str, local: Path) -> bool:
    with answering(place):
        system, path = _opened(place)
        if system.isfile(path):
            system.get_file(path, str(local))
            return True
        names = _names(system, path)
        for name in names:
            target = local / name
            target.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(f"{path}/{name}", str(target))
        return bool(names)


def _digests(local: Path) -> dict[str, str]:
    """Digest a file, by an empty name, or the files of a folder."""
    if local.is_file():
        return {"": digest_file(local)}
    files = (item for item in local.rglob("*") if item.is_file())
    return {item.relative_to(local).as_posix(): digest_file(item) for item in files}


def _put(local: Path, files: list[str], place: str) -> None:
    with answering(place):
        system, path = _opened(place)
        if local.is_file():
            system.put_file(str(local), path)
            return
        there = set(_names(system, path))
        for name in sorted(name for name in there if name not in files or _is_header(name)):
            system.rm_file(f"{path}/{name}")
        for name in sorted(files, key=lambda name: (_is_header(name), name)):
            if not system.async_impl:  # a local or in-memory one has real folders
                system.makedirs(str(PurePosixPath(path, name).parent), exist_ok=True)
            system.put_file(str(local / name), f"{path}/{name}")


def _is_header(name: str) -> bool:
    return name.endswith(".json")


def _names(system: Any, path: str) -> list[str]:
    prefix = path + "/"
    found = system.find(path) if system.exists(path) else []
    return sorted(one.removeprefix(prefix) for one in found if one.startswith(prefix))


def _opened(place: str) -> tuple[Any, str]:
    system, path = fsspec.url_to_fs(place)
    system.invalidate_cache()  # somebody else may have written meanwhile
    return system, path.rstrip("/")

"""What tells that a file is still the one that was read, without reading it."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import fsspec

__all__ = ["FileIdentity", "file_identity"]

#: Nanoseconds for which a change can hide behind the time stamp of the change before it: file systems count
#: in ticks of up to 10 ms, those that only know whole seconds in steps of up to two.
_TICK_NS, _COARSE_TICK_NS = 100_000_000, 2_000_000_000

_SECOND_NS = 1_000_000_000

# what object stores say of an object's content or version, and else of its age
_VERSIONS = ("ETag", "etag", "md5Hash", "md5", "generation", "VersionId", "version_id", "content_md5")
_TIMES = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file as its file system describes it.

    Attributes:
        key: 16 bytes that change whenever the file is changed, replaced or renamed.
        settled: Whether the last change is so long ago that another one could not look the same; what was
            read of a file that is not settled must not be remembered.
    """

    key: bytes
    settled: bool


def file_identity(uri: str) -> FileIdentity | None:
    """Describe a file without opening it.

    A local file is known by its path, device, inode, size, time of the last modification and time of the last
    change of its inode. Programs set the former back (``cp -p``, ``rsync -t``, ``tar``), nothing sets the
    latter. A remote object is known by its version or ETag, or else by size and time.

    Args:
        uri: Local path or fsspec URI.

    Returns:
        None where the file is absent, cannot be looked at, or its file system says too little.
    """
    if "://" not in uri:
        return _local(uri)
    try:
        system, path = fsspec.url_to_fs(uri)
        return _remote(uri, system.info(path))
    except Exception:  # noqa: BLE001 - each remote file system fails in its own way; reading it will say why
        return None


def _local(path: str) -> FileIdentity | None:
    now = time.time_ns()
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path for each of a million files takes as long as the call
    except (OSError, ValueError):
        return None
    parts = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    coarse = found.st_ctime_ns % _SECOND_NS == 0
    settled = now - found.st_ctime_ns > (_COARSE_TICK_NS if coarse else _TICK_NS)
    return FileIdentity(_key(os.path.abspath(path), *parts), settled)  # noqa: PTH100 - as above


def _remote(uri: str, info: Mapping[str, Any]) -> FileIdentity | None:
    version = next((info[name] for name in _VERSIONS if info.get(name)), None)
    if version is not None:
        return FileIdentity(_key(uri, info.get("size"), version), settled=True)
    changed = next((info[name] for name in _TIMES if info.get(name)), None)
    if changed is None or info.get("size") is None:
        return None
    seconds = changed.timestamp() if isinstance(changed, datetime) else changed
    if not isinstance(seconds, int | float):
        return None
    settled = time.time_ns() - int(seconds * _SECOND_NS) > _COARSE_TICK_NS
    return FileIdentity(_key(uri, info["size"], changed), settled)


def _key(*parts: object) -> bytes:
    text = "\0".join(map(str, parts)).encode(errors="surrogateescape")
    return blake2b(text, digest_size=16).digest()

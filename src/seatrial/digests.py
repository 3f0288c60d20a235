"""Canonical JSON and SHA-256: the same content has the same digest on every machine."""

import hashlib
import json
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Any

__all__ = ["canonical_json", "digest_bytes", "digest_file", "digest_json", "digest_lines", "digest_tree"]

_CHUNK = 1 << 20


def canonical_json(value: Any) -> str:
    """Serialise ``value`` with sorted keys, no spaces, UTF-8 as it is; NaN and infinities are refused.

    Raises:
        ValueError: ``value`` holds a number that JSON cannot carry.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_bytes(data: bytes) -> str:
    """Digest bytes as ``sha256:<hex>``."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_json(value: Any) -> str:
    """Digest the canonical JSON of ``value``."""
    return digest_bytes(canonical_json(value).encode())


def digest_lines(lines: Iterable[str]) -> str:
    """Digest lines in their order, without holding them all; each is ended by a newline."""
    state = hashlib.sha256()
    for line in lines:
        state.update(line.encode())
        state.update(b"\n")
    return f"sha256:{state.hexdigest()}"


def digest_file(path: Path) -> str:
    """Digest a local file's bytes."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return f"sha256:{state.hexdigest()}"


def digest_tree(path: Path, *, without: Container[str] = ()) -> str:
    """Digest a file, or a folder's files with their relative names.

    Args:
        path: The file or folder.
        without: Names of files that do not count, wherever they are in the folder.
    """
    if path.is_file():
        return digest_file(path)
    files = sorted(item for item in path.rglob("*") if item.is_file() and item.name not in without)
    return digest_lines(f"{item.relative_to(path).as_posix()} {digest_file(item)}" for item in files)

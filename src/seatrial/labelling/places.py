"""Where images are, as it is written into files that are read elsewhere."""

import os
from collections.abc import Iterable
from pathlib import Path

from seatrial.storage import is_remote

__all__ = ["below_root", "common_root", "relative_to_folder"]


def relative_to_folder(uri: str, folder: Path) -> str:
    """Write a relative path relative to the folder of the file that names it: both can be moved together.

    Args:
        uri: Path relative to the working folder; an absolute one, or a URI, stays as it is.
        folder: The folder that the path is written into.
    """
    if is_remote(uri) or Path(uri).is_absolute():
        return uri
    return Path(os.path.relpath(uri, folder)).as_posix()


def common_root(uris: Iterable[str | None]) -> str:
    """Give the deepest folder that holds all local images; empty where there are none."""
    folders = {Path(uri).absolute().parent for uri in uris if uri is not None and not is_remote(uri)}
    return os.path.commonpath(folders) if folders else ""


def below_root(uri: str, root: str) -> str:
    """Write a place as it reads below a root; what is outside of the root stays as it is.

    Args:
        uri: Local path or URI.
        root: Folder, or beginning of URIs, that the labelling tool sees; empty for none.
    """
    if not root:
        return uri
    if is_remote(uri):
        below = f"{root.rstrip('/')}/"
        return uri.removeprefix(below)
    if is_remote(root):
        return uri
    path = Path(os.path.relpath(uri, root)).as_posix()
    return uri if path.startswith("../") else path

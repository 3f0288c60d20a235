"""What a person keeps of what was seen: tags, slices, scenarios, batches to label."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from seatrial.errors import InputError
from seatrial.files import read_json, read_text, write_json, write_text
from seatrial.slices import SliceSpec

__all__ = ["Notes"]

_LONGEST_TAG = 80
_LONGEST_NAME = 120
_WIDTH = 110


class Notes:
    """A folder of what was kept; every change is written at once, whole or not at all.

    Args:
        folder: Made when something is kept for the first time.

    Raises:
        InputError: What is there already cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._tags: dict[str, frozenset[str]] = {}
        if (folder / "tags.json").exists():
            self._tags = {tag: frozenset(ids) for tag, ids in read_json(folder / "tags.json").items()}

    @property
    def tags(self) -> dict[str, frozenset[str]]:
        """Sample ids by tag."""
        return dict(self._tags)

    def tag(self, tag: str, ids: Sequence[str], *, on: bool) -> None:
        """Put a tag on samples, or take it off.

        Raises:
            InputError: The tag is empty or longer than 80 characters, or the file cannot be written.
        """
        name = tag.strip()
        if not 0 < len(name) <= _LONGEST_TAG:
            raise InputError(f"a tag has 1 to {_LONGEST_TAG} characters, got {len(name)}")
        with self._lock:
            known = self._tags.get(name, frozenset())
            changed = self._tags | {name: known | set(ids) if on else known - set(ids)}
            self._tags = {key: changed[key] for key in sorted(changed) if changed[key]}
            write_json(self.folder / "tags.json", {key: sorted(one) for key, one in self._tags.items()})

    def keep_slice(self, name: str, spec: SliceSpec) -> Path:
        """Add a slice to ``slices.yaml``, in the form in which a policy holds slices.

        Raises:
            InputError: The name is empty, too long or taken, or the file cannot be read or written.
        """
        checked_name(name)
        path = self.folder / "slices.yaml"
        with self._lock:
            held: dict[str, Any] = yaml.safe_load(read_text(path)) if path.exists() else {"slices": {}}
            if name in held["slices"]:
                raise InputError(f"{path} has a slice {name!r} already: give this one another name")
            held["slices"][name] = spec.to_policy()
            write_text(path, yaml.safe_dump(held, sort_keys=False, allow_unicode=True, width=_WIDTH))
        return path


def checked_name(name: str) -> str:
    """Check what something is to be called.

    Raises:
        InputError: It is empty, longer than 120 characters, or holds a line break or another control.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError(
            f"a name has 1 to {_LONGEST_NAME} printable characters, got {name[:_LONGEST_NAME]!r}"
        )
    return name

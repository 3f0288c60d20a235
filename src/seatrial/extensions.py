"""Entry points: how other distributions add readers, model sources, metrics and checks."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from seatrial.errors import InputError

__all__ = ["load_extension", "names"]


def _found(group: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        known = found.setdefault(point.name, point)
        if known.value != point.value:
            both = f"{known.value} and {point.value}"
            raise InputError(f"two extensions of {group} are called {point.name!r}: {both}; uninstall one")
    return found


def names(group: str) -> tuple[str, ...]:
    """Name the installed extensions of a group, sorted."""
    return tuple(sorted(_found(group)))


def load_extension(group: str, name: str) -> Any:
    """Import the object that an entry point names.

    Args:
        group: Entry-point group, e.g. ``"seatrial.readers"``.
        name: The extension's name in that group.

    Raises:
        InputError: The name is not installed, is installed twice, or cannot be imported.
    """
    found = _found(group)
    if name not in found:
        raise InputError(
            f"{name!r} is not one of {group}: expected one of {', '.join(sorted(found)) or 'none installed'}"
        )
    try:
        return found[name].load()
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"extension {name!r} of {group} ({found[name].value}) cannot be imported: {error}"
        ) from error

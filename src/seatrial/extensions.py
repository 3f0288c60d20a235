"""How others add readers, attributes, checks, …: entry points of their distributions, or a Python file."""

import sys
import traceback
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from seatrial.digests import digest_bytes
from seatrial.errors import InputError
from seatrial.files import read_text

__all__ = ["load_extension", "load_functions", "names"]


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


def load_functions(path: Path) -> dict[str, Callable[..., Any]]:
    """Run a Python file of the user's and give its public functions.

    These are the functions that it defines itself, or those that its ``__all__`` names. The file's folder is
    not searched for imports: what it needs is installed, or in the file.

    Args:
        path: The file.

    Raises:
        InputError: The file cannot be read or run (the message names the line), or has no such function.
    """
    source = read_text(path, "functions")
    name = f"seatrial_file_{digest_bytes(str(path.absolute()).encode())[7:19]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses look there for the types that their fields name
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the user named it to be run
    except Exception as error:
        line = _line_in(path, error)
        raise InputError(f"{path}{line} cannot be run: {type(error).__name__}: {error}") from error
    found: dict[str, Callable[..., Any]] = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, FunctionType) and value.__module__ == name and not key.startswith("_")
    }
    chosen = getattr(module, "__all__", None)
    if chosen is not None:
        absent = [one for one in chosen if not callable(getattr(module, str(one), None))]
        if absent:
            raise InputError(f"{path}: __all__ names {absent[0]!r}, which is no function of the file")
        found = {one: getattr(module, one) for one in chosen}
    if not found:
        raise InputError(f"{path}: expected at least one function without a leading underscore, got none")
    return found


def _line_in(path: Path, error: Exception) -> str:
    """Say in which line of the file it failed, as far as that is known."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f", line {error.lineno}"
    lines = [one.lineno for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""

"""Import the Python object that ``package.module:callable`` names and build a module with it."""

import importlib
import sys
from pathlib import Path
from typing import Any

from torch import nn

from seatrial.errors import ModelError

__all__ = ["build_module"]


def build_module(reference: str) -> nn.Module:
    """Call ``package.module:callable`` without arguments; an ``nn.Module`` that is there is taken as it is.

    The current folder is importable, as it is for ``python -m``.

    Raises:
        ModelError: The name is malformed, cannot be imported, fails when called, or builds something else.
    """
    found = _imported(reference)
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise ModelError(
            f"{reference}: expected a callable that returns an nn.Module, got {type(found).__name__}"
        )
    try:
        built = found()
    except Exception as error:  # the user's own code may raise anything
        reason = " ".join(str(error).split())
        raise ModelError(f"{reference}: calling it failed: {type(error).__name__}: {reason}") from error
    if not isinstance(built, nn.Module):
        raise ModelError(f"{reference}: expected it to return an nn.Module, got {type(built).__name__}")
    return built


def _imported(reference: str) -> Any:
    module_name, colon, path = reference.partition(":")
    if not (module_name and colon and path):
        raise ModelError(f"{reference!r}: expected package.module:callable")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split("."):
            found = getattr(found, name)
    except (ImportError, AttributeError) as error:
        hint = ""
        if isinstance(error, ModuleNotFoundError) and module_name.startswith(str(error.name)):
            hint = "; run in the folder that holds it, or name that folder in PYTHONPATH"
        raise ModelError(f"{reference}: cannot be imported: {error}{hint}") from error
    return found

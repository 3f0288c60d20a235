"""The verbs of the core, one module each."""

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add every verb of the core to the program."""

"""The verbs that this package adds to the ``seatrial`` program."""

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add this package's verbs."""

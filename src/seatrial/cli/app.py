"""The ``seatrial`` program: collects the verbs and turns user errors into one line."""

import os
import sys

import typer

from seatrial import __version__
from seatrial.errors import InputError, SeatrialError
from seatrial.extensions import load_extension, names
from seatrial.secrets import without_secrets

__all__ = ["app", "main"]

#: Exit codes that scripts rely on; ``decide-promotion`` adds 1 (fail), 3 (inconclusive) and 4 (error).
USER_ERROR = 2

app = typer.Typer(
    name="seatrial",
    help="Sea trials for vision models: evaluate, slice, check, judge, promote.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, value: bool) -> None:
    if value:
        typer.echo(f"seatrial {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Sea trials for vision models: evaluate, slice, check, judge, promote."""


def main() -> None:
    """Run the program; a user error is one line on standard error and exit code 2."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        _register()
        app()
    except SeatrialError as error:
        from seatrial.gates.plain import visible

        sys.stderr.write(f"seatrial: {visible(without_secrets(str(error)))}\n")
        sys.exit(USER_ERROR)


def _register() -> None:
    from seatrial.cli import verbs

    verbs.register(app)
    for name in names("seatrial.commands"):
        try:
            load_extension("seatrial.commands", name)(app)
        except InputError as error:
            sys.stderr.write(f"seatrial: {error}\n")

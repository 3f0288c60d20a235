"""The ``seatrial`` program: collects the verbs and turns user errors into one line."""

import inspect
import os
import sys

import typer
from typer.core import TyperGroup

from seatrial import __version__
from seatrial.errors import InputError, SeatrialError
from seatrial.extensions import load_extension, names
from seatrial.secrets import without_secrets

__all__ = ["app", "main"]

#: Exit codes that scripts rely on; ``decide-promotion`` adds 1 (fail), 3 (inconclusive) and 4 (error).
USER_ERROR = 2

#: What a shell reports for a program that Ctrl-C ended.
INTERRUPTED = 130

#: Verbs in the order of the work; those of other distributions come after them.
ORDER = (
    "init",
    "run",
    "data-quality",
    "evaluate-model",
    "import-predictions",
    "plan-shards",
    "merge-shards",
    "propose-expectations",
    "check-data",
    "judge-data",
    "select",
    "measure-slices",
    "explain-errors",
    "find-blind-spots",
    "embed",
    "search",
    "mine-edge-cases",
    "check-policy",
    "explain-policy",
    "plan-test-set",
    "scenarios",
    "show-ledger",
    "decide-promotion",
    "render-report",
    "explore",
    "publish-run",
    "publish-quality",
    "replay-run",
    "fetch-verdict",
    "compare",
    "promote-model",
    "notify",
    "rollback-model",
    "verify",
    "keys",
    "compile",
    "submit",
    "trigger",
    "demo",
)


class _InOrder(TyperGroup):
    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # the context is Typer's own kind
        """Name the verbs in the order of the work."""
        places = {name: place for place, name in enumerate(ORDER)}
        return sorted(super().list_commands(ctx), key=lambda name: places.get(name, len(places)))


app = typer.Typer(
    name="seatrial",
    cls=_InOrder,
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
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            sys.stderr.write("seatrial: interrupted; nothing half-written is left, run it again to go on\n")
        raise


def _register() -> None:
    from seatrial.cli import verbs

    verbs.register(app)
    for name in names("seatrial.commands"):
        try:
            load_extension("seatrial.commands", name)(app)
        except InputError as error:
            sys.stderr.write(f"seatrial: {error}\n")
    groups = [group.typer_instance for group in app.registered_groups if group.typer_instance is not None]
    for one in (app, *groups):
        for command in one.registered_commands:
            command.help = _paragraphs(command.callback.__doc__ or "")


def _paragraphs(text: str) -> str:
    """Join the lines of each paragraph: the terminal is as wide as it is, not as the source."""
    return "\n\n".join(" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n"))

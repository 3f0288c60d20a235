"""``seatrial scenarios``: add, list, check."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from seatrial.statistics import Measurement

__all__ = ["scenarios"]

#: Exit code where a scenario is not solved.
UNSOLVED = 1

scenarios = typer.Typer(
    help="Freeze samples that must stay solved, and see which of them a model solves.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@scenarios.command("add")
def add(
    suite: Path = typer.Argument(..., metavar="FILE", help="File of scenarios; a new one is begun."),
    name: str = typer.Argument(..., help="Name of the scenario, e.g. fog-2026-05."),
    evaluation: Path = typer.Option(..., help="Evaluation folder that knows the samples."),
    because: str = typer.Option(..., help="Why they are frozen, e.g. the incident."),
    sample: list[str] = typer.Option([], "--id", help="Id of a sample; repeat it."),
    where: str | None = typer.Option(None, help="Predicate that chooses them instead: \"weather == 'fog'\"."),
    metric: str | None = typer.Option(None, help="Metric on them; accuracy by default, of a classifier."),
    of_class: str | None = typer.Option(None, "--class", help="Class whose own metric is meant."),
    least: float | None = typer.Option(
        None, "--min", help="Least value that solves it; 1 by default where higher is better."
    ),
    most: float | None = typer.Option(None, "--max", help="Greatest value that solves it."),
    added: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="The day it was frozen."),
) -> None:
    """Freeze samples at the end of a file of scenarios.

    The policy names the file (scenarios: scenarios.yaml) and judges it by a rule of type scenario: what the
    champion solves stays solved.

    Example: seatrial scenarios add scenarios.yaml fog --evaluation evaluation --where "weather == 'fog'"
    --because "incident 7"
    """
    from seatrial.steps import scenarios as step

    said = {"metric": metric, "min": least, "max": most, "class": of_class}
    expect = {key: value for key, value in said.items() if value is not None}
    frozen = step.add(
        suite,
        name,
        evaluation,
        because=because,
        ids=sample,
        where=where,
        expect=expect,
        added=added.date() if added is not None else None,
    )
    count = len(frozen.samples)
    typer.echo(f"{name}: {count} sample{'' if count == 1 else 's'} frozen → {suite}")


@scenarios.command("list")
def list_(suite: Path = typer.Argument(..., metavar="FILE", help="File of scenarios.")) -> None:
    """List the scenarios of a file: how many samples, what is expected, and why.

    Example: seatrial scenarios list scenarios.yaml
    """
    from seatrial.gates.plain import plain
    from seatrial.gates.scenario import ScenarioSuite

    for name, one in ScenarioSuite.load(suite)[0].scenarios.items():
        since = f", frozen on {one.added}" if one.added is not None else ""
        typer.echo(f"{plain(name)}: {len(one.samples)} samples, {one.expect}{since}: {plain(one.because)}")


@scenarios.command("check")
def check(
    suite: Path = typer.Argument(..., metavar="FILE", help="File of scenarios."),
    evaluation: Path = typer.Option(..., help="The candidate's evaluation folder."),
    baseline: Path | None = typer.Option(None, help="The champion's evaluation folder, of the same data."),
) -> None:
    """Say which scenarios a model solves. Exit codes: 0 all, 1 not all, 2 it cannot be said.

    Example: seatrial scenarios check scenarios.yaml --evaluation evaluation/new
    --baseline evaluation/champion
    """
    from seatrial.gates.plain import plain
    from seatrial.steps import scenarios as step

    found = step.check(suite, evaluation, baseline=baseline)
    for one in found:
        how = "solved" if one.solved else "NO LONGER SOLVED" if one.lost else "not solved"
        champion = "" if one.champion is None else f", champion {_value(one.champion)}"
        typer.echo(f"{how}: {plain(one.name)}: {_value(one.candidate)}{champion} ({one.expect} expected)")
    solved = sum(one.solved for one in found)
    typer.echo(f"{solved} of {len(found)} scenarios solved")
    if solved < len(found):
        raise typer.Exit(UNSOLVED)


def _value(measured: "Measurement") -> str:
    from seatrial.statistics import NotComputable

    return measured.reason if isinstance(measured, NotComputable) else f"{measured.value:.4g}"

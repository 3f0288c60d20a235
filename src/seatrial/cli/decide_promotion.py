"""``seatrial decide-promotion``."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from seatrial.gates import Verdict

__all__ = ["EXIT_CODES", "decide_promotion"]

#: Exit code by outcome; 2 is kept for errors of the user.
EXIT_CODES: Mapping[str, int] = {"pass": 0, "fail": 1, "inconclusive": 3, "error": 4}

_SHOWN = 6


def decide_promotion(
    policy: Path = typer.Option(..., help="The policy file (YAML); see check-policy."),
    slices: Path = typer.Option(..., help="Folder that measure-slices wrote."),
    out: Path = typer.Option(..., help="Folder for verdict.json, verdict.md and junit.xml."),
    quality: Path | None = typer.Option(None, help="Folder that check-data wrote, for rules on data."),
    ledger: str | None = typer.Option(
        None, help="Where uses of data sets are counted: a local file, or mlflow: for tracked runs."
    ),
    github: bool = typer.Option(
        False, "--github", help="Also print what refuses and warns as annotations of GitHub Actions."
    ),
    today: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="The day on which waivers are looked at; by default today, in UTC."
    ),
) -> None:
    """Judge a policy on what was measured and found: may the candidate be promoted?

    Writes verdict.json (every decision with its numbers, its reason and the digests of what was judged),
    verdict.md for people and junit.xml for CI.

    Exit codes: 0 pass, 1 fail, 2 the input cannot be used, 3 inconclusive (too few samples to tell),
    4 error (something needed was not measured). Only 0 may promote.

    Example: seatrial decide-promotion --policy policy.yaml --slices slices --quality quality --out verdict
    """
    from seatrial.steps import decide_promotion as step

    verdict = step.run(
        policy, slices, out, quality=quality, today=today.date() if today else None, ledger=ledger
    )
    _show(verdict, out)
    if github:
        from seatrial.gates.annotations import annotations
        from seatrial.gates.composition import read_policy

        for line in annotations(verdict, *read_policy(policy)):
            typer.echo(line)
    raise typer.Exit(EXIT_CODES[verdict.outcome])


def _show(verdict: "Verdict", out: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    from seatrial.gates import headline, refusals
    from seatrial.gates.headline import where
    from seatrial.gates.plain import plain

    styles = {"pass": "bold green", "fail": "bold red", "inconclusive": "bold yellow", "error": "bold red"}
    console = Console(highlight=False, soft_wrap=True)
    outcome, _, why = headline(verdict).partition(": ")
    console.print(Text.assemble((outcome, styles[str(verdict.outcome)]), ": ", plain(why, 1200)))
    refusing = refusals(verdict)
    for one in refusing[0 if verdict.problems else 1 : _SHOWN]:
        console.print(
            Text(f"  {one.outcome}: {plain(where(one))}: {plain(one.reason)} [rule {plain(one.rule)}]")
        )
    if len(refusing) > _SHOWN:
        console.print(Text(f"  and {len(refusing) - _SHOWN} more that refuse"))
    noted = {"fail", "error", "inconclusive"}
    warnings = [one for one in verdict.decisions if not one.blocking and str(one.outcome) in noted]
    for one in warnings[:_SHOWN]:
        text = f"  warning, {one.outcome}: {plain(where(one))}: {plain(one.reason)} [rule {plain(one.rule)}]"
        console.print(Text(text, style="dim"))
    if len(warnings) > _SHOWN:
        console.print(Text(f"  and {len(warnings) - _SHOWN} more warnings", style="dim"))
    for note in verdict.notes:
        console.print(Text(f"  note: {plain(note)}", style="dim"))
    console.print(Text(f"{len(verdict.decisions)} decisions → {out}"))

"""``seatrial judge-data``."""

from datetime import datetime
from pathlib import Path

import typer

__all__ = ["judge_data"]


def judge_data(
    policy: Path = typer.Option(..., help="The policy file (YAML); its rules of type data are judged."),
    quality: Path = typer.Option(..., help="Folder that check-data wrote."),
    today: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="The day on which waivers are looked at; by default today, in UTC."
    ),
) -> None:
    """Judge what the data checks found by the data rules of a policy, before there is a model to judge.

    Prints a line for each decision and writes nothing; decide-promotion judges the same rules again,
    beside those on the model.

    Exit codes: 0 the data are fit, 1 a rule that blocks refuses them, 2 the input cannot be used.

    Example: seatrial judge-data --policy policy.yaml --quality quality
    """
    from seatrial.gates.plain import plain
    from seatrial.steps import judge_data as step

    decisions = step.run(policy, quality, today=today.date() if today else None)
    for one in decisions:
        typer.echo(plain(f"{one.outcome}: {one.slice}: {one.reason} [rule {one.rule}]"))
    raise typer.Exit(int(any(one.blocking for one in decisions)))

"""``seatrial explain-policy``."""

from pathlib import Path

import typer

__all__ = ["explain_policy"]


def explain_policy(
    policy: Path = typer.Argument(..., metavar="FILE", help="The policy file (YAML)."),
    whole: bool = typer.Option(
        False,
        "--whole",
        help="Print it as one YAML file that needs no other: includes and scenarios are in it.",
    ),
) -> None:
    """Say in plain words what a policy asks of a candidate, with all that it includes.

    Example: seatrial explain-policy policy.yaml
    """
    from seatrial.gates import Policy
    from seatrial.gates.narration import narrate
    from seatrial.gates.plain import plain

    read = Policy.load(policy)
    if whole:
        typer.echo(read.to_yaml(), nl=False)
        return
    for index, (title, sentences) in enumerate(narrate(read)):
        typer.echo(("\n" if index else "") + title)
        for sentence in sentences:
            typer.echo(f"  {plain(sentence)}")

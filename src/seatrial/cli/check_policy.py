"""``seatrial check-policy``."""

from pathlib import Path

import typer

__all__ = ["check_policy"]


def check_policy(
    policy: Path | None = typer.Argument(None, metavar="FILE", help="The policy file (YAML)."),
    evaluation: Path | None = typer.Option(
        None, help="Evaluation folder: also check that it has the columns, classes and scores that are named."
    ),
    schema: bool = typer.Option(
        False, "--schema", help="Print the JSON Schema of policies, for editors, and stop."
    ),
) -> None:
    """Check a policy before anything is run, and say in plain words what it asks for.

    Every error names file, line, column and key, what was expected and what was there. Exit codes: 0 valid,
    2 not valid.

    Example: seatrial check-policy policy.yaml --evaluation evaluation
    """
    from seatrial.errors import InputError

    if schema:
        from seatrial.gates.schema import policy_schema_text

        typer.echo(policy_schema_text(), nl=False)
        return
    if policy is None:
        raise InputError("check-policy needs a policy file, or --schema")
    from seatrial.gates.plain import plain
    from seatrial.steps import check_policy as step

    checked = step.run(policy, evaluation=evaluation)
    count = len(checked.policy.rules)
    typer.echo(f"{policy}: valid, {count} rule{'' if count == 1 else 's'} ({checked.policy.digest})")
    for sentence in checked.sentences:
        typer.echo(f"  {plain(sentence)}")
    for doubt in checked.doubts:
        typer.echo(f"  doubtful: {plain(doubt)}")

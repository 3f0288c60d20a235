"""``seatrial show-ledger``."""

from pathlib import Path

import typer

__all__ = ["show_ledger"]


def show_ledger(
    policy: Path = typer.Argument(..., metavar="FILE", help="The policy file (YAML)."),
    ledger: str = typer.Option(
        ..., help="Where uses are counted: a local file, or mlflow: for tracked runs."
    ),
    slices: Path | None = typer.Option(None, help="Slice report of the data set; or give its digest."),
    dataset: str | None = typer.Option(None, help="Digest of the data set."),
) -> None:
    """Say how often a data set has judged, and what of the level is left for the next use.

    Example: seatrial show-ledger policy.yaml --ledger uses.jsonl --slices slices
    """
    from seatrial.errors import InputError
    from seatrial.gates import Policy
    from seatrial.gates.ledger import open_ledger
    from seatrial.slices import SliceReport
    from seatrial.statistics import alpha_spent_until

    if (slices is None) == (dataset is None):
        raise InputError("show-ledger needs either --slices or --dataset, to know which data set is meant")
    rules = Policy.load(policy)
    digest = dataset or str(SliceReport.read(slices or Path()).header["dataset"]["digest"])
    used = len(dict.fromkeys(open_ledger(ledger).uses(digest)))
    alpha, most = rules.statistics.alpha, rules.dataset.max_uses
    limit = "no limit" if most is None else f"at most {most}"
    typer.echo(f"{digest}: used {used} times, {limit}")
    if most is None:
        typer.echo(f"every use is judged at level {alpha:g}")
    elif used >= most:
        typer.echo("nothing is left: judge on a fresh test set")
    else:
        spent = alpha_spent_until(alpha, used) if used else 0.0
        typer.echo(
            f"{spent:.4g} of alpha {alpha:g} is spent; use {used + 1} is judged at level "
            f"{rules.alpha_of(used + 1):.4g}"
        )

"""``seatrial merge-shards``."""

from pathlib import Path

import typer

__all__ = ["merge_shards"]


def merge_shards(
    shards: list[Path] = typer.Argument(..., help="All evaluation folders of one evaluation, in any order."),
    out: Path = typer.Option(..., help="Evaluation folder to write."),
) -> None:
    """Put the shards of one evaluation together; a missing shard is an error, not a smaller data set.

    Example: seatrial merge-shards part-0 part-1 part-2 --out evaluation/candidate
    """
    from seatrial.steps import merge_shards as step

    table = step.run(shards, out)
    typer.echo(f"{len(table)} samples from {len(shards)} shards → {out}")

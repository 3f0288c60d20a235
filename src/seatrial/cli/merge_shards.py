"""``seatrial merge-shards``."""

from pathlib import Path

import typer

__all__ = ["merge_shards"]


def merge_shards(
    shards: list[Path] = typer.Argument(
        ..., help="All folders that evaluate-model --shard wrote, or embed --shard, in any order."
    ),
    out: Path = typer.Option(..., help="Folder to write: the evaluation, or the embeddings, of the whole."),
) -> None:
    """Put the shards of one evaluation, or of one pool's embeddings, together.

    A missing shard is an error, not a smaller data set.

    Example: seatrial merge-shards part-0 part-1 part-2 --out evaluation/candidate
    """
    if (shards[0] / "embeddings.json").exists():
        from seatrial.neighbours import merge_embeddings

        typer.echo(f"{merge_embeddings(shards, out)} rows from {len(shards)} shards → {out}")
        return
    from seatrial.steps import merge_shards as step

    table = step.run(shards, out)
    typer.echo(f"{len(table)} samples from {len(shards)} shards → {out}")

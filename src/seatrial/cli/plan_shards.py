"""``seatrial plan-shards``."""

import typer

__all__ = ["plan_shards"]


def plan_shards(
    dataset: str = typer.Option(..., help="What is to be evaluated, e.g. images:s3://bucket/val."),
    shards: int = typer.Option(..., min=1, help="Parts that are wanted; few images get fewer."),
    manifest: str | None = typer.Option(
        None, metavar="DIR|URI", help="Folder for the data set's manifest, to evaluate parts of manifest:DIR."
    ),
) -> None:
    """Name the parts in which several machines evaluate a data set, one a line.

    Each line is what evaluate-model takes as --shard; merge-shards puts the results together. With a
    manifest, the images are read here once, and each machine opens those of its own part alone.

    Example: seatrial plan-shards --dataset images:s3://bucket/val --shards 4 --manifest s3://bucket/plan
    """
    from seatrial.steps import plan_shards as step
    from seatrial.storage import delivered

    if manifest is None:
        planned = step.run(dataset, shards)
    else:
        with delivered(manifest) as folder:
            planned = step.run(dataset, shards, manifest=folder)
    typer.echo("\n".join(planned))

"""``seatrial mine-edge-cases``."""

from contextlib import ExitStack
from pathlib import Path

import typer

from seatrial.cli.model_choice import (
    Adapter,
    BatchSize,
    Device,
    Factory,
    Options,
    TrustPickle,
    Workers,
    chosen_options,
)

__all__ = ["mine_edge_cases"]


def mine_edge_cases(
    evaluation: str = typer.Option(..., metavar="DIR", help="What the model did on labelled data."),
    out: str = typer.Option(..., metavar="DIR", help="Folder to write."),
    pool: str | None = typer.Option(
        None, metavar="SPEC", help="Unlabelled images, e.g. images:pool; the model is run on them."
    ),
    pool_evaluation: str | None = typer.Option(
        None, metavar="DIR", help="An evaluation of the pool that is there already, instead."
    ),
    pool_embeddings: str | None = typer.Option(
        None, metavar="DIR", help="Vectors of the pool by another model, or of its objects (seatrial embed)."
    ),
    embeddings: str | None = typer.Option(
        None, metavar="DIR", help="Vectors of the evaluated images, or objects, by that same model."
    ),
    blind_spots: str | None = typer.Option(
        None, metavar="DIR", help="Groups of failures (find-blind-spots); default: the confusion cells."
    ),
    unconfirmed: bool = typer.Option(
        False, "--unconfirmed", help="Count blind spots that were not confirmed, too."
    ),
    group: list[str] = typer.Option([], help="Mine for this group of failures alone; repeatable."),
    where: str | None = typer.Option(
        None, help="Mine for failures among these samples alone, e.g. \"light == 'night'\"."
    ),
    labelled: list[str] = typer.Option(
        [],
        "--labelled",
        "--train",
        metavar="DIR|SPEC",
        help="What else is labelled, the training data first of all: an evaluation or embeddings by the same "
        "model, or a data set; repeatable.",
    ),
    size: int = typer.Option(100, min=1, help="Images to choose."),
    uncertainty: float = typer.Option(0.1, min=0, max=1, help="Weight of how unsure the model is."),
    diversity: float = typer.Option(0.1, min=0, max=1, help="Weight of being unlike what is chosen already."),
    appearance: float = typer.Option(
        0.25, min=0, max=1, help="Weight of brightness, contrast, sharpness … beside the model's vectors."
    ),
    near: float = typer.Option(
        0.02, min=0, max=1, help="Cosine distance up to which two images that look the same count as one."
    ),
    selector: str = typer.Option(
        "ranked",
        help="How a group's seats are filled: ranked, or among its most relevant images by k_centre, "
        "facility_location, random or a selector of your own.",
    ),
    formats: list[str] = typer.Option(
        ["csv", "coco", "label-studio", "cvat"], "--format", help="Exports of the queue; repeatable."
    ),
    root: str | None = typer.Option(None, help="Folder of images as the labelling tool sees it."),
    model: str | None = typer.Option(None, help="What is run on the pool; default: the evaluated model."),
    model_options: Options = None,
    adapter: Adapter = None,
    factory: Factory = None,
    trust_pickle: TrustPickle = False,
    device: Device = "auto",
    batch_size: BatchSize = None,
    workers: Workers = None,
) -> None:
    """Choose what to label next: unlabelled images that are like what the model fails on.

    Images near failures and away from what the model gets right come first, weighed with how unsure the model
    is and how unlike those before they are; every group of failures has seats. What is labelled already, or
    shows what another shows, is left out.

    Writes labelling_queue.parquet and its exports (CSV, COCO, Label Studio, CVAT) with each reason,
    edge_cases.html (the pictures), left_out.parquet, proposed_scenarios.yaml, next_steps.md and mining.json.

    Example: seatrial mine-edge-cases --evaluation evaluation --blind-spots blind_spots --pool images:pool
    --train evaluation/train --size 200 --out next_batch
    """
    from seatrial.mining.edge_cases import MineOptions
    from seatrial.steps import mine_edge_cases as step
    from seatrial.storage import delivered, fetched

    with ExitStack() as stack:

        def place(given: str | None) -> Path | None:
            return None if given is None else stack.enter_context(fetched(given))

        source = step.PoolSource(
            dataset=pool,
            evaluation=place(pool_evaluation),
            embeddings=place(pool_embeddings),
            model=model,
            options=chosen_options(model_options, factory, None, adapter, trust_pickle=trust_pickle),
            device=device,
            batch_size=batch_size,
            workers=workers,
        )
        made = step.run(
            stack.enter_context(fetched(evaluation)),
            source,
            stack.enter_context(delivered(out)),
            embeddings=place(embeddings),
            blind_spots=place(blind_spots),
            confirmed=not unconfirmed,
            groups=group,
            where=where,
            labelled=labelled,
            options=MineOptions(size, uncertainty, diversity, appearance, near, selector),
            formats=formats,
            root=root,
        )
    for one in made.report["groups"]:
        typer.echo(f"  {one['chosen']:>5} like the {one['failures']} failures of {one['name']}")
    left = f", {len(made.found.left_out)} left out" if made.found.left_out else ""
    typer.echo(f"{len(made.found.cases)} of {made.report['pool']['images']} images to label{left} → {out}")

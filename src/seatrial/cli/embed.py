"""``seatrial embed``."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import typer

from seatrial.cli.choices import checked_choice, checked_task
from seatrial.cli.model_choice import (
    Adapter,
    BatchSize,
    Device,
    Factory,
    Options,
    Precision,
    TrustPickle,
    Workers,
    chosen_options,
)

__all__ = ["embed"]

_LEVELS = ("image", "object")
_ROLES = ("truth", "prediction", "both")


def embed(
    model: str = typer.Option(
        ...,
        help="Any model that evaluate-model runs; or torchvision:NAME or open_clip:NAME with --weights; or "
        "open_clip:FOLDER.",
    ),
    dataset: str | None = typer.Option(
        None, help="What to embed, e.g. images:pool (no labels needed) or coco:train.json."
    ),
    evaluation: str | None = typer.Option(
        None, metavar="DIR", help="Embed the images, or objects, of this evaluation instead."
    ),
    out: str = typer.Option(..., metavar="DIR", help="Folder to write."),
    level: str = typer.Option("image", help="image, or object for the crop of every object."),
    roles: str = typer.Option("truth", help="Objects of an evaluation: truth, prediction or both."),
    min_score: float = typer.Option(0.5, min=0, max=1, help="Least score of a predicted object."),
    margin: float = typer.Option(
        0.1, min=0, max=1, help="What is shown around an object, as a share of its longer side."
    ),
    weights: Path | None = typer.Option(
        None, help="Weights of a torchvision or OpenCLIP model; nothing is ever downloaded."
    ),
    task: str | None = typer.Option(
        None, help="What the model was made for: decides which layer is taken; default: as the data set."
    ),
    like: str | None = typer.Option(
        None,
        metavar="DIR",
        help="Evaluation by the same model: its classes are those of the images, whose predictions are kept.",
    ),
    shard: str = typer.Option("0/1", help="Embed part I (from 0) of N images, as I/N."),
    device: Device = "auto",
    batch_size: BatchSize = None,
    workers: Workers = None,
    model_options: Options = None,
    adapter: Adapter = None,
    factory: Factory = None,
    trust_pickle: TrustPickle = False,
    precision: Precision = None,
    force: bool = typer.Option(False, "--force", help="Embed again even if the result is there."),
) -> None:
    """Turn images, or the objects in them, into vectors that can be searched and compared.

    Writes embeddings.parquet (id, vector, box, uri, and what is known of the image or object) and
    embeddings.json (which model, which data, what could not be read). By default a vector is what the model's
    last layer takes, as evaluate-model keeps it. An interrupted run continues where it stopped.

    Examples: seatrial embed --model model.pt2 --dataset images:pool --out embeddings/pool

    seatrial embed --model open_clip:ViT-B-32 --weights clip.pt --dataset coco:train.json --level object
    --out embeddings/objects
    """
    from seatrial.datasets.sharding import parse_shard
    from seatrial.steps import embed as step
    from seatrial.storage import delivered, fetched

    arguments: dict[str, Any] = {
        "dataset": dataset,
        "level": checked_choice(level, _LEVELS, "--level"),
        "roles": checked_choice(roles, _ROLES, "--roles"),
        "min_score": min_score,
        "margin": margin,
        "weights": weights,
        "options": chosen_options(model_options, factory, precision, adapter, trust_pickle=trust_pickle),
        "task": checked_task(task) if task else None,
        "shard": parse_shard(shard, "option --shard"),
        "device": device,
        "batch_size": batch_size,
        "workers": workers,
        "force": force,
    }
    with ExitStack() as stack:
        arguments["evaluation"] = stack.enter_context(fetched(evaluation)) if evaluation else None
        arguments["like"] = stack.enter_context(fetched(like)) if like else None
        made = step.run(model, stack.enter_context(delivered(out)), **arguments)
    unit = "images" if made.level == "image" else "objects"
    broken = f", {made.failures} could not be embedded" if made.failures else ""
    typer.echo(f"{made.rows} {unit} as vectors of {made.width}{broken} → {out}")

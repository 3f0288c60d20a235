"""``seatrial search``."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from seatrial.cli.choices import checked_choice
from seatrial.cli.model_choice import Adapter, Device, Factory, Options, TrustPickle, chosen_options

if TYPE_CHECKING:
    from seatrial.neighbours import Metric

__all__ = ["search"]

_METRICS = ("cosine", "l2")


def search(
    index: str = typer.Option(
        ..., metavar="DIR", help="Where to look: embeddings (seatrial embed), or an evaluation."
    ),
    out: str = typer.Option(..., metavar="DIR", help="Folder to write."),
    image: list[str] = typer.Option([], metavar="FILE", help="Look for what is like this image; repeatable."),
    object_: list[str] = typer.Option(
        [], "--object", metavar="FILE@X,Y,W,H", help="… like this object, a box in pixels; repeatable."
    ),
    id_: list[str] = typer.Option([], "--id", help="… like this sample of the index; repeatable."),
    text: list[str] = typer.Option([], help="… like these words (an index by OpenCLIP); repeatable."),
    group: str | None = typer.Option(None, help="… like this group of failures of --evaluation."),
    evaluation: str | None = typer.Option(None, metavar="DIR", help="The evaluation with the failures."),
    blind_spots: str | None = typer.Option(
        None, metavar="DIR", help="Groups of its failures (find-blind-spots); default: confusion cells."
    ),
    known: str | None = typer.Option(
        None,
        "--from",
        metavar="DIR",
        help="Embeddings that hold --id, or the samples of --group; default: the index, or the evaluation.",
    ),
    size: int = typer.Option(50, min=1, help="Matches."),
    metric: str = typer.Option("cosine", help="cosine or l2."),
    margin: float = typer.Option(
        0.1, min=0, max=1, help="What is shown around an object, as when the index was made."
    ),
    model: str | None = typer.Option(None, help="Where the model of the index is now, if it has moved."),
    weights: Path | None = typer.Option(None, help="Where its weights are now."),
    model_options: Options = None,
    adapter: Adapter = None,
    factory: Factory = None,
    trust_pickle: TrustPickle = False,
    device: Device = "auto",
) -> None:
    """Find what is like an image, an object, a sample, a group of failures or a text.

    Writes matches.parquet and matches.csv (the nearest first), contact_sheet.html and .png, and search.json.

    Examples: seatrial search --index embeddings/pool --image odd.png --out found

    seatrial search --index embeddings/pool --evaluation evaluation --blind-spots blind_spots
    --group blind-spot-1 --out found

    seatrial search --index embeddings/clip --text "a crossing at night" --out found
    """
    from seatrial.steps import search as step
    from seatrial.storage import delivered, fetched

    with ExitStack() as stack:

        def place(given: str | None) -> Path | None:
            return None if given is None else stack.enter_context(fetched(given))

        queries = step.Queries(
            images=image,
            objects=[step.parse_object(one) for one in object_],
            ids=id_,
            group=group,
            texts=text,
            known=place(known),
            evaluation=place(evaluation),
            blind_spots=place(blind_spots),
        )
        found = step.run(
            stack.enter_context(fetched(index)),
            queries,
            stack.enter_context(delivered(out)),
            size=size,
            metric=cast("Metric", checked_choice(metric, _METRICS, "--metric")),
            margin=margin,
            model=model,
            weights=weights,
            options=chosen_options(model_options, factory, None, adapter, trust_pickle=trust_pickle),
            device=device,
        )
    for one in found.slice(0, 10).to_pylist():
        typer.echo(f"  {one['distance']:.4f}  {one['id']}")
    typer.echo(f"{len(found)} matches → {out}")

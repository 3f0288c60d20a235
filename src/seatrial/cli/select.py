"""``seatrial select``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["select"]

_SHOWN = 20


def select(
    dataset: str = typer.Option(..., help="The pool to choose from, e.g. images:data/pool"),
    size: int = typer.Option(..., help="How many images to choose."),
    out: Path = typer.Option(..., help="Folder to write."),
    evaluation: Path | None = typer.Option(
        None, help="Evaluation folder of the pool: its embeddings tell what is alike."
    ),
    embeddings: Path | None = typer.Option(
        None, help="Folder of embeddings of the pool instead, as seatrial embed writes it."
    ),
    beside: Path | None = typer.Option(
        None, help="Embeddings of images that are there already: what is like them is left out."
    ),
    balance: list[str] = typer.Option(
        [],
        help="Attributes whose values get even shares, joined by commas or repeated: class,site,brightness",
    ),
    selector: str | None = typer.Option(
        None, help="k_centre (default with embeddings), facility_location, random, or an installed one."
    ),
    near: float = typer.Option(0.02, help="Cosine distance of embeddings up to which two images are alike."),
    seed: int = typer.Option(0, help="Of whatever is drawn."),
    cache: Path | None = typer.Option(
        None, help="Folder in which measurements of images are kept for later runs."
    ),
) -> None:
    """Choose a balanced, diverse subset of a large pool, without duplicates, with the reason of each image.

    Writes selection.csv and selection.parquet (the reader table: reads them), manifest (the reader manifest:
    reads it, with objects and masks), and coverage.json: how even the shares are, and how far the pool is
    from what was chosen, beside a random draw.

    Example: seatrial select --dataset images:pool --embeddings emb --size 500 --balance class --out chosen
    """
    from seatrial.steps import select as step

    names = [name.strip() for one in balance for name in one.split(",") if name.strip()]
    report = step.run(
        dataset,
        size,
        out,
        evaluation=evaluation,
        embeddings=embeddings,
        beside=beside,
        balance=names,
        selector=selector,
        near=near,
        seed=seed,
        cache=cache,
    )
    _show(report, out)


def _show(report: "Mapping[str, Any]", out: Path) -> None:
    for one in report["strata"][:_SHOWN]:
        typer.echo(f"{one['name']}: {one['chosen']} of {one['pool']}")
    if len(report["strata"]) > _SHOWN:
        typer.echo(f"… and {len(report['strata']) - _SHOWN} more")
    left_out = ", ".join(f"{count} {why}" for why, count in report["left_out"].items() if count)
    distances = report.get("distance_to_nearest_chosen")
    if distances:
        ours, drawn = (distances[name]["mean"] for name in ("selection", "random_draw"))
        typer.echo(
            f"mean distance of the pool to the nearest chosen: {ours:.3f}, of a random draw {drawn:.3f}"
        )
    typer.echo(f"{report['chosen']} chosen{f', left out: {left_out}' if left_out else ''} → {out}")

"""``seatrial find-blind-spots``."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from seatrial.mining.blind_spot_report import BlindSpotReport

__all__ = ["find_blind_spots"]

_SHOWN = 10


def find_blind_spots(
    evaluation: Path = typer.Option(..., help="The evaluation folder."),
    out: Path = typer.Option(..., help="Folder to write."),
    train: Path | None = typer.Option(
        None, help="The same model's evaluation of its training data, with embeddings: tells causes."
    ),
    baseline: Path | None = typer.Option(
        None, help="Another model's evaluation of the same data: what was fixed and broken, as groups."
    ),
    embeddings: Path | None = typer.Option(
        None, help="Embeddings by another model (seatrial embed); by default those of the evaluation."
    ),
    explanations: Path | None = typer.Option(
        None, help="What explain-errors wrote: tells spurious correlations."
    ),
    order: int = typer.Option(3, min=1, max=4, help="Most attributes that describe a group."),
    support: int | None = typer.Option(
        None,
        min=1,
        help="Fewest samples of a group in the searched half; by default a hundredth, at least 10.",
    ),
    most: int = typer.Option(10, min=1, help="Candidates to confirm, of attributes and of embeddings each."),
    alpha: float = typer.Option(0.05, help="Level at which groups are confirmed, corrected for all tried."),
    score: float = typer.Option(0.5, min=0, max=1, help="Detection: least score of a prediction."),
    low_iou: float | None = typer.Option(
        None, min=0, max=1, help="Segmentation: images below fail; by default the worst fifth."
    ),
    group: str | None = typer.Option(None, help="Column whose samples belong together; by default group."),
    seed: int = typer.Option(7, help="Of the halves and of what is drawn."),
) -> None:
    """Find the groups on which a model fails, and which attributes matter.

    Searches one half of the samples: every conjunction of attribute values,
    and clusters of embeddings that are mistaken in the same way. Confirms on
    the other half, with p-values corrected for all that were tried.

    Writes blind_spots.json, blind_spots.md (for people), proposed_slices.yaml
    (ready for the slices of a policy), causes.parquet (why each sample fails)
    and groups.parquet (which sample is in which group).

    Example: seatrial find-blind-spots --evaluation evaluation/new
    --train evaluation/train --out blind-spots
    """
    from seatrial.mining.blind_spots import SearchOptions
    from seatrial.steps import find_blind_spots as step

    options = SearchOptions.of(
        alpha=alpha,
        seed=seed,
        most=most,
        order=order,
        support=support,
        score=score,
        group=group,
        low_iou=low_iou,
    )
    report = step.run(
        evaluation,
        out,
        train=train,
        baseline=baseline,
        embeddings=embeddings,
        explanations=explanations,
        options=options,
    )
    _show(report, out)


def _show(report: "BlindSpotReport", out: Path) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from seatrial.gates.plain import plain

    console, found = Console(emoji=False), report.found
    for note in (*found.notes, *report.notes):
        console.print(Text(plain(note), style="dim"))
    table = Table(
        title="groups that fail more often than the rest",
        caption="rates of the half that was not searched; p is corrected for all that were tried",
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("group", overflow="fold")
    for column in ("n", "error rate", "difference", "p", "explains"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in found.groups[:_SHOWN]:
        tried = one.tried
        cells = (
            plain(one.title) + ("" if one.confirmed else " (not confirmed)"),
            f"{one.size}",
            f"{tried.errors / tried.n:.1%}" if tried.n else "–",
            f"{tried.difference:+.1%} [{tried.low:+.1%}, {tried.high:+.1%}]",
            f"{one.p:.2g}",
            f"{tried.explained:.0%}",
        )
        table.add_row(*map(Text, cells))
    if found.groups:
        console.print(table)
    typer.echo(
        f"{len(found.confirmed)} of {found.tried} groups confirmed, "
        f"{found.explained:.0%} of the errors in them → {out}"
    )

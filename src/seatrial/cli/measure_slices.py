"""``seatrial measure-slices``."""

from pathlib import Path

import typer

__all__ = ["measure_slices"]


def measure_slices(
    evaluation: Path = typer.Option(..., help="The candidate's evaluation folder."),
    out: Path = typer.Option(..., help="Folder to write the slice report into."),
    baseline: Path | None = typer.Option(
        None, help="The champion's evaluation folder, of the same data set."
    ),
    policy: Path | None = typer.Option(None, help="Policy that names the slices and the statistics."),
    bins_of: Path | None = typer.Option(None, help="Earlier slice report whose bin edges are used again."),
    metric: list[str] = typer.Option([], help="Metric to measure; repeat it for several. All by default."),
    replicates: int | None = typer.Option(
        None, min=0, help="Bootstrap replicates; by default the policy's, or 1000. 0 for none."
    ),
    ledger: str | None = typer.Option(
        None, help="Where uses of data sets are counted: a local file, or mlflow: for tracked runs."
    ),
    embeddings: list[Path] = typer.Option(
        [], help="Embeddings by another model, for slices that are places among them; repeat it for several."
    ),
    explanations: Path | None = typer.Option(
        None, help="The candidate's folder of explain-errors: off_core is measured, too."
    ),
    baseline_explanations: Path | None = typer.Option(
        None, help="The champion's folder of explain-errors, made with the same core and draw."
    ),
    show: int = typer.Option(10, min=0, help="How many of the worst slices to print."),
) -> None:
    """Measure every metric on every slice, and against a champion.

    Writes slice_report.json, slice_report.parquet (one row per slice, metric
    and class) and confusion.parquet, and prints the worst slices. Needs no
    model and no GPU: an evaluation can be sliced again and again.

    Slices come from the policy. Without one, metadata of few values is sliced
    value by value, other numbers and image properties by quartiles; objects of
    a detection by size, crowding, border and the attributes of annotations.

    Example: seatrial measure-slices --evaluation evaluation/new
    --baseline evaluation/champion --policy policy.yaml --out slices
    """
    from seatrial.cli.worst_slices import print_worst
    from seatrial.metrics import HEADLINES
    from seatrial.steps import measure_slices as step

    report = step.run(
        evaluation,
        out,
        baseline=baseline,
        policy=policy,
        metrics=metric or None,
        replicates=replicates,
        bins_of=bins_of,
        ledger=ledger,
        explanations=explanations,
        baseline_explanations=baseline_explanations,
        embeddings=embeddings,
    )
    print_worst(report, metric[0] if metric else HEADLINES[report.header["task"]], show)
    typer.echo(f"{len(report.rows)} measurements → {out}")

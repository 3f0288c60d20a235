"""``seatrial import-predictions``."""

from pathlib import Path

import typer

from seatrial.cli.choices import checked_task

__all__ = ["import_predictions"]


def import_predictions(
    predictions: str = typer.Option(
        ...,
        help="FILE?key=value: Parquet, CSV or TSV; id, prediction, confidence, scores name its columns.",
    ),
    dataset: str = typer.Option(
        ..., help="What the predictions are of, e.g. table:val.csv?image=path&label=y"
    ),
    out: Path = typer.Option(..., help="Evaluation folder to write."),
    name: str | None = typer.Option(None, help="What to call the model; by default the file's name."),
    task: str = typer.Option("classification", help="The task; only classification is imported so far."),
) -> None:
    """Judge predictions that were made elsewhere: no model is run.

    Writes the same evaluation folder as evaluate-model does, so that every later step works on it.

    Example: seatrial import-predictions --predictions "vit.csv?id=file_name&prediction=class"
    --dataset "table:val.csv?image=&id=file_name&label=class" --out evaluation/vit
    """
    from seatrial.steps import import_predictions as step

    table = step.run(predictions, dataset, out, name=name, task=checked_task(task))
    typer.echo(f"{len(table)} predictions of {table.header.model} on {table.header.dataset} → {out}")

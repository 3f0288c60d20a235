"""``seatrial import-predictions``."""

from pathlib import Path

import typer

from seatrial.cli.choices import checked_task

__all__ = ["import_predictions"]


def import_predictions(
    predictions: str = typer.Option(
        ...,
        help="FILE?key=value: a table of classes; COCO's results (JSON) or a folder of text files of boxes; "
        "a folder of masks.",
    ),
    dataset: str = typer.Option(
        ..., help="What the predictions are of, e.g. table:val.csv?image=path&label=y"
    ),
    out: Path = typer.Option(..., help="Evaluation folder to write."),
    name: str | None = typer.Option(
        None, help="What to call the model; by default the file's or folder's name."
    ),
    task: str | None = typer.Option(
        None, help="classification, detection or segmentation; default: what the data set's truth is for."
    ),
) -> None:
    """Judge predictions that were made elsewhere: no model is run.

    Writes the same evaluation folder as evaluate-model does, so that every later step works on it.

    A table has a row an image: the options id, prediction, confidence and scores name its columns. Text
    files have a line a box: format=voc (class score x1 y1 x2 y2), format=yolo, or columns=class,score,x,…
    Masks are index or palette PNGs called like their images.

    Example: seatrial import-predictions --predictions "vit.csv?id=file_name&prediction=class"
    --dataset "table:val.csv?image=&id=file_name&label=class" --out evaluation/vit

    Example: seatrial import-predictions --predictions results.json
    --dataset "coco:instances.json?images=" --out evaluation/detector
    """
    from seatrial.steps import import_predictions as step

    table = step.run(predictions, dataset, out, name=name, task=checked_task(task) if task else None)
    number = int(sum(table.samples["predictions"].to_pylist())) if table.objects is not None else len(table)
    typer.echo(f"{number} predictions of {table.header.model} on {table.header.dataset} → {out}")

"""``seatrial explain-errors``."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from seatrial.cli.model_choice import BatchSize, Device, Options, Workers

if TYPE_CHECKING:
    from seatrial.inference import ModelOptions
    from seatrial.slices import SliceSpec

__all__ = ["explain_errors"]


def explain_errors(
    evaluation: Path = typer.Option(..., help="Evaluation folder of the model on the data set."),
    model: str = typer.Option(..., help="The model that was evaluated, as for evaluate-model."),
    dataset: str = typer.Option(..., help="The data set that it was evaluated on."),
    out: Path = typer.Option(..., help="Folder to write."),
    core: str | None = typer.Option(
        None,
        metavar="SPEC",
        help="Where the model ought to look: boxes or masks of the same images (coco:core.json, masks:core), "
        "or column:NAME, a column with the places of mask images. Detection and segmentation: the truth.",
    ),
    slices: Path | None = typer.Option(
        None, help="Policy, or proposed_slices.yaml, over whose slices the draw is averaged, too."
    ),
    per_cell: int = typer.Option(20, min=0, help="Worst failures of each confusion cell, at most."),
    cells: int = typer.Option(30, min=0, help="Confusion cells with the most failures, at most."),
    draw: int = typer.Option(
        200, min=0, help="Images drawn at random, right or wrong: what off_core is measured on."
    ),
    every: bool = typer.Option(False, "--all", help="Explain every image; off_core is measured on all."),
    seed: int = typer.Option(7, help="Seed of the draw: the same for models that are compared."),
    method: str = typer.Option(
        "auto",
        help="activation (a layer's maps), gradient (of the pixels), occlusion (windows; no gradients "
        "needed), or auto: the first that the model allows.",
    ),
    layer: str | None = typer.Option(None, help="Layer for activation; found by running the model."),
    windows: int = typer.Option(7, min=2, max=32, help="Windows along each side that are blanked."),
    model_options: Options = None,
    device: Device = "auto",
    batch_size: BatchSize = None,
    workers: Workers = None,
    force: bool = typer.Option(False, "--force", help="Explain again even if the result is there."),
) -> None:
    """Show where a model looks when it fails, and measure how much of that is beside the point.

    Writes explanations.parquet (a row a sample: its saliency map, off_core, the share of the saliency
    outside of the core, and what blanking does to the truth's probability), confusion_cells.json (every
    confusion cell with its samples, worst first, and its mean map), explanations.html and a sheet of
    pictures a cell. An interrupted run continues where it stopped; a finished one is not done twice.

    measure-slices --explanations turns off_core into a metric that a rule of a policy can bound.

    Example: seatrial explain-errors --evaluation evaluation --model model.pt2 --dataset images:data/val
    --core coco:uniforms.json --out explanations
    """
    from seatrial.steps import explain_errors as step

    found = step.run(
        evaluation,
        model,
        dataset,
        out,
        options=_options(model_options),
        core=core,
        slices=None if slices is None else _slices(slices),
        method=method,
        layer=layer,
        per_cell=per_cell,
        cells=cells,
        draw=None if every else draw,
        seed=seed,
        windows=windows,
        device=device,
        batch_size=batch_size,
        workers=workers,
        force=force,
    )
    drawn = list(found.of_samples("off_core", drawn=True).values())
    looked = f", {sum(drawn) / len(drawn):.1%} of the saliency outside of the core" if drawn else ""
    typer.echo(f"{len(found)} explanations by {found.header['method']}{looked} → {out}")


def _options(given: str | None) -> "ModelOptions":
    from seatrial.inference import ModelOptions

    if given is None:
        return ModelOptions()
    if given.lstrip().startswith("{"):
        return ModelOptions.parse_json(given, "option --model-options")
    return ModelOptions.load(Path(given))


def _slices(path: Path) -> "dict[str, SliceSpec]":
    from seatrial.slices.spec_file import read_slices

    return read_slices(path)

"""``seatrial evaluate-model``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from seatrial.cli.choices import checked_task
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

if TYPE_CHECKING:
    from seatrial.evaluation import EvaluationTable
    from seatrial.steps.evaluate_model import Plan

__all__ = ["evaluate_model"]


def evaluate_model(
    model: str = typer.Option(
        ...,
        help="A file (.pt2, .onnx, TorchScript, weights with --factory), python:package.module:callable, "
        "or an MLflow URI (runs:/…, models:/name@alias).",
    ),
    dataset: str = typer.Option(
        ..., help="What to evaluate on, e.g. images:data/val, table:val.parquet, coco:val.json or masks:val."
    ),
    out: str = typer.Option(
        ...,
        metavar="DIR|URI",
        help="Evaluation folder to write, here or on object storage (s3://bucket/name).",
    ),
    task: str | None = typer.Option(
        None, help="classification, detection or segmentation; default: what the data set's truth is for."
    ),
    shard: str = typer.Option("0/1", help="Evaluate part I (from 0) of N, as I/N."),
    device: Device = "auto",
    batch_size: BatchSize = None,
    workers: Workers = None,
    processes: int = typer.Option(
        1, min=0, help="Processes of this machine that share the work; 0: one for each GPU."
    ),
    model_options: Options = None,
    adapter: Adapter = None,
    factory: Factory = None,
    trust_pickle: TrustPickle = False,
    precision: Precision = None,
    compiled: bool = typer.Option(
        False, "--compile", help="Compile the model with torch.compile: minutes at the start, faster after."
    ),
    attributes: Path | None = typer.Option(
        None, help="Python file whose functions of an image, a label or a prediction become slice axes."
    ),
    dry_run: bool = typer.Option(
        False, "--dry-run", help="Read the data, load the model, check that they fit, write nothing."
    ),
    force: bool = typer.Option(False, "--force", help="Evaluate again even if the result is there."),
    profile: bool = typer.Option(
        False,
        "--profile",
        help="Say what takes the time (reading, decoding, copying, the model, writing) and what to change; "
        "also as profile.json in the folder.",
    ),
) -> None:
    """Run a model over a data set and keep what it did with every image.

    Writes a folder: evaluation.json, samples.parquet (a row an image, with metadata and image properties),
    embeddings.parquet, and what the task needs: class probabilities (scores.parquet), true and predicted
    objects (objects.parquet), or pixels by truth and prediction (pixels.parquet). Broken images are counted
    and listed, not fatal. An interrupted run continues where it stopped; a finished one is not done twice.
    --profile says what binds: "decoding binds: more --workers".

    Examples: seatrial evaluate-model --model model.pt2 --dataset images:data/val --out evaluation

    seatrial evaluate-model --model yolo.onnx --adapter yolo --dataset coco:val.json
    --out evaluation

    torchrun --nproc-per-node 4 -m seatrial evaluate-model --model model.pt2
    --dataset images:s3://bucket/val --out s3://bucket/evaluation
    """
    from seatrial.datasets.sharding import parse_shard
    from seatrial.inference.ranks import Ranks
    from seatrial.steps import evaluate_model as step
    from seatrial.steps import ranked_evaluation
    from seatrial.storage import delivered

    arguments: dict[str, Any] = {
        "options": chosen_options(
            model_options, factory, precision, adapter, trust_pickle=trust_pickle, compiled=compiled
        ),
        "task": checked_task(task) if task else None,
        "shard": parse_shard(shard, "option --shard"),
        "device": device,
        "batch_size": batch_size,
        "workers": workers,
        "attributes": attributes,
    }
    written: dict[str, Any] = {"force": force, "profile": profile}
    ranks = Ranks.from_environment()
    if dry_run:
        typer.echo(_intention(step.plan(model, dataset, **arguments)))
    elif ranks.size > 1:
        merged = ranked_evaluation.run(model, dataset, out, ranks=ranks, **written, **arguments)
        if merged is not None:
            typer.echo(_summary(merged, out))
    elif processes != 1:
        _launch(processes)
    else:
        with delivered(out) as folder:
            result = step.run(model, dataset, folder, **written, **arguments)
        typer.echo(_summary(result, out))


def _launch(processes: int) -> None:
    """Start this very command in several processes; there ``--processes`` counts no more."""
    from seatrial.inference.ranks import launch

    launch(processes, sys.argv[1:])


def _intention(plan: "Plan") -> str:
    header, network = plan.header, plan.model.network
    adapter = f"read by {plan.model.adapter_name}, " if plan.model.adapter_name else ""
    return (
        f"{header.model} on {len(plan.manifest)} images of {header.dataset}: {len(header.classes)} classes, "
        f"{adapter}{network.device} in {network.precision}, batches of {plan.batch_size}; nothing was written"
    )


def _summary(table: "EvaluationTable", out: str) -> str:
    header = table.header
    shown = {"classification": _accuracy, "detection": _objects, "segmentation": _pixels}[header.task]
    counted = f"{len(table)} images of {header.dataset}, {len(header.failures)} unreadable"
    return f"{counted}, {shown(table)} → {out}"


def _accuracy(table: "EvaluationTable") -> str:
    labels = table.samples.column("label").to_pylist()
    predictions = table.samples.column("prediction").to_pylist()
    judged = [truth == found for truth, found in zip(labels, predictions, strict=True) if truth is not None]
    return f"accuracy {sum(judged) / len(judged):.4f} (n = {len(judged)})" if judged else "no labels"


def _objects(table: "EvaluationTable") -> str:
    truths, predictions = (sum(table.samples.column(name).to_pylist()) for name in ("truths", "predictions"))
    return f"{truths} objects, {predictions} predictions"


def _pixels(table: "EvaluationTable") -> str:
    assert table.pixels is not None
    rows = [table.pixels.column(name).to_pylist() for name in ("label", "prediction", "pixels")]
    judged = sum(rows[2])
    right = sum(count for label, found, count in zip(*rows, strict=True) if label == found)
    return f"pixel accuracy {right / judged:.4f} (n = {judged} pixels)" if judged else "no labels"

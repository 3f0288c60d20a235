"""Evaluation as a pipeline needs it: options as text, and a champion that may not exist yet."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seatrial.datasets.sharding import parse_shard
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.files import atomic_folder
from seatrial.inference.options import ModelOptions

if TYPE_CHECKING:
    from seatrial.datasets import Task

__all__ = ["CACHE", "command", "evaluate", "evaluated", "merged", "parse_options"]

#: Environment variable that names a folder in which evaluations are kept for later runs.
CACHE = "SEATRIAL_CACHE"

#: Written in place of an evaluation when there is no model; an artifact must not be empty, since object
#: stores know no empty folders.
_ABSENT = "no_model.json"


def evaluate(
    model: str,
    dataset: str,
    out: str,
    *,
    options: str = "",
    tracking_uri: str = "",
    manifest: str = "",
    shard: str = "0/1",
    processes: int = 1,
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
    profile: bool = False,
    task: str = "",
) -> EvaluationTable | None:
    """Evaluate a model, or write down that there is none.

    Where ``SEATRIAL_CACHE`` names a folder, evaluations are kept there and used again.

    Args:
        model: Model URI; empty means that there is no model (no champion yet).
        dataset: Data set specification; empty, without a manifest, means that there is nothing to evaluate.
        out: Folder that the evaluation is written to.
        options: JSON text of the model options; empty for the defaults.
        tracking_uri: MLflow server that ``runs:/`` and ``models:/`` URIs refer to; empty keeps the
            environment's.
        manifest: Folder of the data set's manifest, read instead of the data set; empty for none.
        shard: Part of the data set, ``I/N``.
        processes: Processes of this machine that share the work; 0: one for each GPU.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images at once; 0 lets the step choose.
        workers: Threads that decode; 0 lets the step choose.
        profile: Say what takes the time, and write it beside the evaluation.
        task: The task; empty for what the data set's truth is for.

    Returns:
        The evaluation, or None where there is no model.

    Raises:
        InputError: The options are not valid; and whatever the step raises.
    """
    if not model or not (dataset or manifest):
        with atomic_folder(Path(out), (_ABSENT,)) as folder:
            reason = "no data set was given" if model else "no model was given"
            (folder / _ABSENT).write_text(f'{{"reason": "{reason}"}}\n', encoding="utf-8")
        return None
    if tracking_uri:
        os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    source = f"manifest:{manifest}" if manifest else dataset
    given = parse_options(options)
    if processes != 1:
        from seatrial.inference.ranks import launch

        sizes = {"batch_size": batch_size, "workers": workers}
        words = command(model, source, out, options=options, task=task, shard=shard, device=device, **sizes)
        words += ["--profile"] if profile else []
        launch(processes, words)
        return EvaluationTable.read(Path(out))
    from seatrial.steps import evaluate_model

    cache = os.environ.get(CACHE)
    return evaluate_model.run(
        model,
        source,
        Path(out),
        options=given,
        task=cast("Task", task) if task else None,  # the step refuses what it does not know
        cache=Path(cache) if cache else None,
        shard=parse_shard(shard),
        device=device,
        batch_size=batch_size or None,
        workers=workers or None,
        profile=profile,
    )


def command(
    model: str,
    dataset: str,
    out: str,
    *,
    options: str = "",
    task: str = "",
    shard: str = "0/1",
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
) -> list[str]:
    """Give the words with which ``seatrial`` evaluates a model; arguments are those of :func:`evaluate`."""
    words = {
        "model": model,
        "dataset": dataset,
        "out": out,
        "model-options": options,
        "task": task,
        "shard": shard,
        "device": device,
        "batch-size": str(batch_size or ""),
        "workers": str(workers or ""),
    }
    return ["evaluate-model", *(f"--{name}={value}" for name, value in words.items() if value)]


def evaluated(folder: str) -> Path | None:
    """Give the folder of an evaluation, or None where :func:`evaluate` found no model to evaluate."""
    path = Path(folder)
    return None if (path / _ABSENT).exists() else path


def merged(shards: list[str], out: str) -> EvaluationTable | None:
    """Put the shards of one evaluation together, or write down that there is no model, as they all say.

    Args:
        shards: Their folders, in any order.
        out: Folder that the evaluation is written to.

    Returns:
        The evaluation, or None where there is no model.

    Raises:
        InputError: A shard is missing, doubled or of another evaluation.
    """
    found = [evaluated(shard) for shard in shards]
    present = [shard for shard in found if shard is not None]
    if shards and not present:
        return evaluate("", "", out)
    if len(present) != len(shards):
        absent = len(shards) - len(present)
        raise InputError(f"expected {len(shards)} shards of one evaluation, {absent} of them had no model")
    from seatrial.steps import merge_shards

    return merge_shards.run(present, Path(out))


def parse_options(text: str) -> ModelOptions:
    """Read model options from JSON text; empty text means the defaults.

    Raises:
        InputError: The text is not a JSON object, or an option is unknown or not valid.
    """
    return ModelOptions.parse_json(text, "model options")

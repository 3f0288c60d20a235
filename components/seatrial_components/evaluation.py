"""Evaluation as a pipeline needs it: options as text, and a champion that may not exist yet."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from seatrial.evaluation import EvaluationTable
from seatrial.files import atomic_folder
from seatrial.inference.options import ModelOptions

if TYPE_CHECKING:
    from seatrial.datasets import Task

__all__ = ["CACHE", "evaluate", "evaluated", "parse_options"]

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
    shard: tuple[int, int] = (0, 1),
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
    task: str = "",
) -> EvaluationTable | None:
    """Evaluate a model, or write down that there is none.

    Where ``SEATRIAL_CACHE`` names a folder, evaluations are kept there and used again.

    Args:
        model: Model URI; empty means that there is no model (no champion yet).
        dataset: Data set specification.
        out: Folder that the evaluation is written to.
        options: JSON text of the model options; empty for the defaults.
        tracking_uri: MLflow server that ``runs:/`` and ``models:/`` URIs refer to; empty keeps the
            environment's.
        shard: Index from 0 and count.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images at once; 0 lets the step choose.
        workers: Threads that decode; 0 lets the step choose.
        task: The task; empty for what the data set's truth is for.

    Returns:
        The evaluation, or None where there is no model.

    Raises:
        InputError: The options are not valid; and whatever the step raises.
    """
    if not model:
        with atomic_folder(Path(out), (_ABSENT,)) as folder:
            (folder / _ABSENT).write_text('{"reason": "no model was given"}\n', encoding="utf-8")
        return None
    if tracking_uri:
        os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    from seatrial.steps import evaluate_model

    cache = os.environ.get(CACHE)
    return evaluate_model.run(
        model,
        dataset,
        Path(out),
        options=parse_options(options),
        task=cast("Task", task) if task else None,  # the step refuses what it does not know
        cache=Path(cache) if cache else None,
        shard=shard,
        device=device,
        batch_size=batch_size or None,
        workers=workers or None,
    )


def evaluated(folder: str) -> Path | None:
    """Give the folder of an evaluation, or None where :func:`evaluate` found no model to evaluate."""
    path = Path(folder)
    return None if (path / _ABSENT).exists() else path


def parse_options(text: str) -> ModelOptions:
    """Read model options from JSON text; empty text means the defaults.

    Raises:
        InputError: The text is not a JSON object, or an option is unknown or not valid.
    """
    return ModelOptions.parse_json(text, "model options")

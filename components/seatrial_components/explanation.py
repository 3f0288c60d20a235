"""Explanations as a pipeline needs them: options as text, and a champion that may not exist yet."""

import os
from pathlib import Path

from seatrial.evaluation import Explanations
from seatrial_components.evaluation import evaluate, evaluated, parse_options

__all__ = ["explain", "explained"]


def explain(
    evaluation: str,
    model: str,
    dataset: str,
    out: str,
    *,
    core: str = "",
    options: str = "",
    tracking_uri: str = "",
    method: str = "auto",
    per_cell: int = 20,
    draw: int = 200,
    device: str = "auto",
    batch_size: int = 0,
    workers: int = 0,
) -> Explanations | None:
    """Explain a model's failures, or write down that there is no model.

    Args:
        evaluation: Folder of the model's evaluation.
        model: Model URI; empty means that there is no model (no champion yet).
        dataset: Data set specification.
        out: Folder that the explanations are written to.
        core: Where the model ought to look; empty for the truth.
        options: JSON text of the model options; empty for the defaults.
        tracking_uri: MLflow server that ``runs:/`` and ``models:/`` URIs refer to; empty keeps the
            environment's.
        method: How saliency is computed.
        per_cell: Worst failures of each confusion cell.
        draw: Images drawn at random; negative for all.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        batch_size: Images at once; 0 lets the step choose.
        workers: Threads that decode; 0 lets the step choose.

    Returns:
        The explanations, or None where there is no model.

    Raises:
        InputError: The options are not valid; and whatever the step raises.
    """
    if not model:
        evaluate("", "", out)
        return None
    if tracking_uri:
        os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    from seatrial.steps import explain_errors

    return explain_errors.run(
        Path(evaluation),
        model,
        dataset,
        Path(out),
        options=parse_options(options),
        core=core or None,
        method=method,
        per_cell=per_cell,
        draw=None if draw < 0 else draw,
        device=device,
        batch_size=batch_size or None,
        workers=workers or None,
    )


def explained(artifact: object) -> Path | None:
    """Give the folder of explanations of an optional artifact; None where there are none.

    Args:
        artifact: A ``dsl.Artifact``, or None where the pipeline gives none.
    """
    path = getattr(artifact, "path", None)
    return evaluated(path) if path else None

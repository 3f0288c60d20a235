"""Promotion as a pipeline needs it: texts in, what became of it out."""

import sys
from pathlib import Path
from typing import NamedTuple

__all__ = ["Promoted", "promote"]


class Promoted(NamedTuple):
    """What became of a promotion.

    Attributes:
        outcome: ``promoted``, ``unchanged`` (the alias pointed at it already) or ``none`` (no registered
            model is named).
        version: The version that the alias points at; empty for none.
        told: One line for people; empty for none.
    """

    outcome: str
    version: str
    told: str


def promote(
    verdict: str, *, registered_model: str, alias: str, run_id: str = "", tracking_uri: str = ""
) -> Promoted:
    """Move an alias of a registered model to the candidate of a verdict.

    Args:
        verdict: Folder of the verdict.
        registered_model: Registered model; empty moves nothing.
        alias: The alias.
        run_id: The evaluation run; empty for none.
        tracking_uri: MLflow server; empty keeps the environment's.

    Returns:
        What became of it. Errors are those of :func:`seatrial_mlflow.promote_model.run`.
    """
    if not registered_model:
        sys.stderr.write("no registered model is named: no alias moves\n")
        return Promoted("none", "", "")
    from seatrial_mlflow import promote_model

    promotion = promote_model.run(
        Path(verdict),
        name=registered_model,
        alias=alias,
        evaluation_run=run_id or None,
        tracking_uri=tracking_uri or None,
    )
    if warning := promotion.warning():
        sys.stderr.write(f"{warning}\n")
    before = f", before: version {promotion.previous}" if promotion.changed and promotion.previous else ""
    told = f"{promotion.name} version {promotion.version} is {promotion.alias}{before}"
    return Promoted("promoted" if promotion.changed else "unchanged", promotion.version, told)

"""Evaluations that have to be of a certain data set."""

from pathlib import Path

from seatrial.datasets import DatasetManifest
from seatrial.errors import InputError
from seatrial.evaluation.table import EvaluationTable

__all__ = ["evaluation_of"]


def evaluation_of(manifest: DatasetManifest, folder: Path | None) -> EvaluationTable | None:
    """Read the evaluation of a data set.

    Args:
        manifest: The data set.
        folder: Where the evaluation is; None where there is none.

    Raises:
        InputError: It cannot be read, or is of another data set.
    """
    if folder is None:
        return None
    table = EvaluationTable.read(folder)
    if table.header.dataset_digest != manifest.digest:
        raise InputError(
            f"{folder} is an evaluation of another data set: expected {manifest.name!r} with digest "
            f"{manifest.digest}, got {table.header.dataset!r} with {table.header.dataset_digest}"
        )
    return table

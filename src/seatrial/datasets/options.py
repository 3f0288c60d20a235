"""Options that readers share."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError

__all__ = ["check_options", "dataset_name"]


def check_options(spec: DatasetSpec, known: Sequence[str]) -> None:
    """Refuse options that the reader does not have.

    Raises:
        InputError: An option is unknown.
    """
    for key in spec.options:
        if key not in known:
            raise InputError(
                f"data set {spec}: unknown option {key!r} of {spec.kind}: expected {', '.join(known)}"
            )


def dataset_name(spec: DatasetSpec) -> str:
    """Name a data set: its option ``name``, or the last part of its path without suffix."""
    return spec.options.get("name") or PurePosixPath(spec.path).stem or spec.path

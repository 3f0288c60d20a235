"""Options that readers share."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from seatrial.datasets.spec import DatasetSpec
from seatrial.errors import InputError

__all__ = ["check_options", "dataset_name", "yes_or_no"]


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


def yes_or_no(spec: DatasetSpec, option: str, *, default: bool) -> bool:
    """Read an option that is ``yes`` or ``no``.

    Raises:
        InputError: It is something else.
    """
    given = spec.options.get(option)
    if given is None:
        return default
    if given not in {"yes", "no"}:
        raise InputError(f"data set {spec}: option {option}: expected yes or no, got {given!r}")
    return given == "yes"

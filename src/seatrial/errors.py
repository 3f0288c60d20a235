"""The errors that Seatrial raises: one family, one line each.

A message says what is wrong, where (file, row, column), what was expected and what was there. At the
command line each of them is one line and exit code 2.
"""

from collections.abc import Iterable

__all__ = [
    "EmptyDatasetError",
    "InputError",
    "MissingExtraError",
    "ModelError",
    "PolicyError",
    "SeatrialError",
    "ServiceError",
    "examples",
]


class SeatrialError(Exception):
    """Base of everything that Seatrial raises on purpose."""


class InputError(SeatrialError):
    """Something that the user gave (file, folder, option, table) cannot be used."""


class EmptyDatasetError(InputError):
    """A data set has no images, though it could be read."""


class PolicyError(InputError):
    """A policy file is not valid; the message names file and line."""


class ModelError(InputError):
    """A model cannot be loaded, or its output is not what the task needs."""


class ServiceError(SeatrialError):
    """A service that the step needs (MLflow, object storage) did not answer or refused."""


class MissingExtraError(SeatrialError):
    """An optional dependency is not installed.

    Args:
        package: The import name that failed.
        extra: The extra of the ``seatrial`` distribution that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}, which is not installed: pip install 'seatrial[{extra}]'")


def examples(values: Iterable[object], *, most: int = 5) -> str:
    """List a few offending values and count the rest: ``'a', 'b' and 3 more``."""
    items = list(values)
    shown = ", ".join(repr(item) for item in items[:most])
    return shown if len(items) <= most else f"{shown} and {len(items) - most} more"

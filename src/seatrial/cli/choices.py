"""Options with a closed set of values."""

from typing import TYPE_CHECKING, cast

from seatrial.errors import InputError

if TYPE_CHECKING:
    from seatrial.datasets import Task

__all__ = ["checked_task"]

_TASKS = ("classification", "detection", "segmentation")


def checked_task(text: str) -> "Task":
    """Accept a task's name.

    Raises:
        InputError: It is not one.
    """
    if text not in _TASKS:
        raise InputError(f"option --task: expected one of {', '.join(_TASKS)}, got {text!r}")
    return cast("Task", text)

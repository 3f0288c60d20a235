"""Options with a closed set of values."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from seatrial.errors import InputError

if TYPE_CHECKING:
    from seatrial.datasets import Task

__all__ = ["checked_choice", "checked_task"]

_TASKS = ("classification", "detection", "segmentation")


def checked_task(text: str) -> "Task":
    """Accept a task's name.

    Raises:
        InputError: It is not one.
    """
    if text not in _TASKS:
        raise InputError(f"option --task: expected one of {', '.join(_TASKS)}, got {text!r}")
    return cast("Task", text)


def checked_choice(text: str, known: Sequence[str], option: str) -> str:
    """Accept one of some words.

    Args:
        text: What was given.
        known: The words.
        option: The option's name, with its dashes.

    Raises:
        InputError: It is none of them.
    """
    if text not in known:
        raise InputError(f"option {option}: expected one of {', '.join(known)}, got {text!r}")
    return text

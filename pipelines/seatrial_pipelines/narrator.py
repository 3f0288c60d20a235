"""Kubeflow's local log, retold: one line a step, the step's own output, no machinery."""

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import typer

from seatrial.gates.plain import visible
from seatrial.secrets import without_secrets

__all__ = ["Narrator", "StepFailure"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_STARTED = re.compile(r"^[\d:.]+ - INFO - Executing task '(?P<task>[^']+)'")
_ENDED = re.compile(r"^[\d:.]+ - \w+ - Task '(?P<task>[^']+)' finished with status (?P<status>\w+)")
_RAISED = re.compile(r"^(?P<type>[\w.]*(?:Error|Exception|Exit|Interrupt)): ?(?P<message>.*)$", re.DOTALL)
_PROGRESS = re.compile(r"^[^:]+: \d+/\d+ \w+, ")
_INDENT = "    "


class StepFailure:
    """Why a step failed, as its traceback tells it.

    Attributes:
        task: The task's name in the pipeline.
        type: Name of the exception with its module, e.g. ``"seatrial.errors.InputError"``.
        message: The exception's text; the last lines of output where there is no traceback.
    """

    def __init__(self, task: str, lines: list[str]) -> None:
        self.task = task
        self.type = ""
        self.message = "\n".join(lines[-3:]) or "the step ended without a message"
        traceback = _after_last(lines, "Traceback (most recent call last):")
        for position, line in enumerate(traceback):
            found = None if line.startswith(" ") else _RAISED.match("\n".join(traceback[position:]))
            if found:
                self.type, self.message = found["type"], found["message"].strip()
                return

    @property
    def expected(self) -> bool:
        """Whether Seatrial raised it on purpose, so that the message alone tells the user what to do."""
        return self.type.startswith(("seatrial.", "seatrial_"))


class Narrator:
    """A text stream that keeps what it gets, but passwords, in a file and tells the user what matters.

    Args:
        log: File for everything.
        label: Gives a task's name in words.
        screen: Where the story goes; standard error by default.
    """

    def __init__(self, log: Path, label: Callable[[str], str], screen: TextIO | None = None) -> None:
        self.failures: list[StepFailure] = []
        self.tasks: list[str] = []
        self._log = log.open("w", encoding="utf-8")
        self._label = label
        self._screen = screen or sys.stderr
        self._live = self._screen.isatty()
        self._rest = ""
        self._lines: list[str] = []
        self._since = 0.0
        self._in_input = self._in_traceback = self._on_progress = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.write(without_secrets(self._rest))
        self._log.close()

    def write(self, text: str) -> int:
        """Take text; whole lines are told at once."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in map(without_secrets, lines):
            self._log.write(f"{line}\n")
            self._tell(_COLOUR.sub("", line))
        return len(text)

    def flush(self) -> None:
        """Bring the file up to date."""
        self._log.flush()

    def isatty(self) -> bool:
        """Say no, so that nobody writes colours into the file."""
        return False

    def _tell(self, line: str) -> None:
        if started := _STARTED.match(line):
            self.tasks.append(started["task"])
            self._lines, self._since = [], time.monotonic()
            self._in_input = self._in_traceback = False
            self._say(typer.style(f"▸ {self._label(started['task'])}", bold=True))
        elif ended := _ENDED.match(line):
            self._end(ended["task"], ended["status"])
        elif line.startswith(_INDENT) and self._since:
            self._from_step(line.removeprefix(_INDENT))

    def _end(self, task: str, status: str) -> None:
        if status == "SUCCESS":
            self._say(typer.style(f"  {time.monotonic() - self._since:.1f} s", dim=True))
        else:
            self.failures.append(StepFailure(task, self._lines))
        self._since = 0.0

    def _from_step(self, line: str) -> None:
        if line.startswith("[KFP Executor"):
            self._in_input = line.endswith("Got executor_input:")
            return
        if self._in_input:
            self._in_input = line != "}"
            return
        self._lines.append(line.rstrip())
        self._in_traceback = self._in_traceback or line.startswith("Traceback (most recent call last):")
        if line.strip() and not self._in_traceback:
            self._say(f"  {visible(line.rstrip())}", progress=bool(_PROGRESS.match(line)))

    def _say(self, text: str, *, progress: bool = False) -> None:
        start = "\r\x1b[K" if self._on_progress else ""
        self._on_progress = progress and self._live
        self._screen.write(start + (text if self._live else _COLOUR.sub("", text)))
        if not self._on_progress:
            self._screen.write("\n")
        self._screen.flush()


def _after_last(lines: list[str], marker: str) -> list[str]:
    positions = [position for position, line in enumerate(lines) if line == marker]
    return lines[positions[-1] + 1 :] if positions else []

"""A run that is told to end takes the step along that is running: nothing goes on behind anybody's back."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

__all__ = ["TERMINATED", "ending_children"]

#: What a shell reports for a program that was told to end by SIGTERM.
TERMINATED = 128 + signal.SIGTERM


@contextlib.contextmanager
def ending_children() -> Iterator[None]:
    """Let SIGTERM, which reaches this process alone, end the processes that it has started as well.

    A terminal's Ctrl-C and a service manager's stop reach the whole group; ``kill PID`` does not. Outside the
    main thread nothing is done: only there can a signal be taken.

    Raises:
        SystemExit: SIGTERM came.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        for child in _children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _children(process: int) -> list[int]:
    """Give the processes below a process, as Linux tells them."""
    found = []
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{process}/task").glob("*/children"):
            for child in map(int, file.read_text().split()):
                found += [child, *_children(child)]
    return found

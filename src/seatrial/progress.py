"""Progress bars on standard error: live on a terminal, a line now and then in a log."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Advance", "progress"]

Advance = Callable[[int], None]

#: Seconds between two lines in a log; a program that shows a step's lines live asks for more of them.
_LOG_EVERY_SECONDS = float(os.environ.get("SEATRIAL_PROGRESS_SECONDS") or 15)


@contextmanager
def progress(what: str, total: int, unit: str, remark: Callable[[], str] | None = None) -> Iterator[Advance]:
    """Show how far a long piece of work is.

    Args:
        what: What is being done, e.g. ``"evaluate"``.
        total: Units of work in all.
        unit: The unit's plural, e.g. ``"images"``; the rate is shown as ``images/s``.
        remark: Says something to show beside the rate, e.g. how busy a GPU is; empty for nothing.

    Yields:
        A function that takes the number of units just finished.
    """
    show = _terminal_bar if sys.stderr.isatty() else _log_lines
    said = (lambda rate: rate) if remark is None else (lambda rate: ", ".join(filter(None, (rate, remark()))))
    with show(what, total, unit, said) as advance:
        yield advance


@contextmanager
def _terminal_bar(what: str, total: int, unit: str, said: Callable[[str], str]) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    start = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total, rate="")

        def advance(count: int) -> None:
            done = bar.tasks[0].completed + count
            bar.update(task, advance=count, rate=said(_rate(done, time.monotonic() - start, unit)))

        yield advance


@contextmanager
def _log_lines(what: str, total: int, unit: str, said: Callable[[str], str]) -> Iterator[Advance]:
    start = last = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last >= _LOG_EVERY_SECONDS:
            last = now
            sys.stderr.write(f"{what}: {done}/{total} {unit}, {said(_rate(done, now - start, unit))}\n")

    yield advance
    seconds = max(time.monotonic() - start, 1e-9)
    rate = said(_rate(done, seconds, unit))
    sys.stderr.write(f"{what}: {done}/{total} {unit} in {seconds:.1f} s ({rate})\n")


def _rate(done: float, seconds: float, unit: str) -> str:
    """Write a rate: ``230 images/s``, ``0.4 stages/s``."""
    rate = done / max(seconds, 1e-9)
    return f"{rate:.0f} {unit}/s" if rate >= 1 or not done else f"{rate:.2g} {unit}/s"

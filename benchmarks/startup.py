"""How long the program takes to say what it can do."""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.row import Row, seconds


def rows() -> Iterator[Row]:
    """Time ``seatrial --help`` beside an empty Python."""
    run = lambda *arguments: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: E731
    run("-m", "seatrial", "--help")
    ours, spread = seconds(lambda: run("-m", "seatrial", "--help"), repeats=5)
    bare, _ = seconds(lambda: run("-c", "pass"), repeats=5)
    yield Row(
        "`seatrial --help`",
        f"{ours:.2f} s ({spread:.2f})",
        f"empty Python {bare:.2f} s",
        f"{'under' if ours < 0.5 else 'OVER'} 0.5 s",
        "—",
    )

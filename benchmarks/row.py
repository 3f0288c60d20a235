"""One line of the results."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured.

    Attributes:
        work: The work, with its size.
        seatrial: Seatrial's figure, with its unit and spread.
        peer: What it is compared with, and its figure.
        ratio: How they compare, in words.
        agreement: How it was checked that both give the same answer.
    """

    work: str
    seatrial: str
    peer: str
    ratio: str
    agreement: str


def seconds(function: Callable[[], object], *, repeats: int = 3) -> tuple[float, float]:
    """Run a function a few times; gives the median and the spread (largest − smallest) in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times), max(times) - min(times)

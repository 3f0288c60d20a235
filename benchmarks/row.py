"""One line of the results."""

import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row says of a baseline.

    Attributes:
        baseline: Which one, a key of :data:`benchmarks.baselines.BASELINES`.
        found: What was measured, in the words of what was to be reached.
        reached: Whether it was.
    """

    baseline: str
    found: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured.

    Attributes:
        work: The work, with its size.
        seatrial: Seatrial's figure, with its unit and spread.
        peer: What it is compared with, and its figure.
        ratio: How they compare, in words.
        agreement: How it was checked that both give the same answer.
        claims: What it says of baselines.
    """

    work: str
    seatrial: str
    peer: str
    ratio: str
    agreement: str
    claims: tuple[Claim, ...] = ()


def seconds(function: Callable[[], object], *, repeats: int = 3) -> tuple[float, float]:
    """Run a function a few times; gives the median and the spread (largest − smallest) in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times), max(times) - min(times)


def peak_gib() -> float:
    """Give the most memory that this process has held, in GiB; that of what started it does not count."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) / 2**20

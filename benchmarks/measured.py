"""Run a command and say how long it took and how much memory it took at most.

A program of its own, which imports next to nothing: Linux counts the memory of the process that starts
another towards the other's peak.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "measured"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: From its start to its end.
        cpu: Seconds of all cores together.
        gib: Resident memory at its peak, of the largest of its processes.
        rc: Its exit status.
    """

    seconds: float
    cpu: float
    gib: float
    rc: int


def measured(*command: str | Path, log: Path, expect: tuple[int, ...] = (0,)) -> Cost:
    """Run a command and measure it; what it says goes to the log.

    Raises:
        RuntimeError: It exits with a status that was not expected.
    """
    with log.open("wb") as told:
        answer = subprocess.run(
            [sys.executable, "-S", __file__, *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=told,
            check=True,
        )
    cost = Cost(**json.loads(answer.stdout.splitlines()[-1]))
    if cost.rc not in expect:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {cost.rc}\n{log.read_text()[-2000:]}")
    return cost


if __name__ == "__main__":
    start = time.perf_counter()
    rc = subprocess.run(sys.argv[1:], stdout=sys.stderr, check=False).returncode
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "gib": used.ru_maxrss / 2**20, "rc": rc}
    print(json.dumps(told))

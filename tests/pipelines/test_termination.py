"""A run that is told to end by SIGTERM, which reaches the parent alone, leaves no process behind."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

from seatrial_pipelines.termination import ending_children

PARENT = """\
import subprocess, sys
from seatrial_pipelines.termination import ending_children

step = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
with ending_children(), subprocess.Popen([sys.executable, "-c", step]) as child:
    print(child.pid, flush=True)
    child.wait()
"""


def _stat(process: str) -> list[str]:
    """Read a process's state and parent, and what follows."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _below(process: int) -> list[int]:
    found = []
    for pid in (path.name for path in Path("/proc").iterdir() if path.name.isdecimal()):
        with contextlib.suppress(OSError):
            if int(_stat(pid)[1]) == process:
                found += [int(pid), *_below(int(pid))]
    return found


def _lives(process: int) -> bool:
    try:
        return _stat(str(process))[0] != "Z"
    except OSError:
        return False


def test_steps_and_what_they_started_end_with_the_run():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    step = int(parent.stdout.readline())
    end = time.monotonic() + 20
    while not (grandchildren := _below(step)) and time.monotonic() < end:
        time.sleep(0.05)
    assert grandchildren
    parent.send_signal(signal.SIGTERM)
    parent.communicate(timeout=20)
    assert parent.returncode == 143
    time.sleep(0.2)
    assert not [pid for pid in (step, *grandchildren) if _lives(pid)]


def test_handler_is_put_back():
    before = signal.getsignal(signal.SIGTERM)
    with ending_children():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_run_that_ends_by_itself_ends_nobody():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"]) as child, ending_children():
        pass
    assert child.returncode == 0


ALONE = """\
import signal
from seatrial_pipelines.termination import ending_children

try:
    with ending_children():
        signal.raise_signal(signal.SIGTERM)
except SystemExit as caught:
    print(caught.code)
"""


def test_signal_reaches_the_program_as_an_exit():
    # a process of its own: here, it would end the servers of the other tests
    done = subprocess.run([sys.executable, "-c", ALONE], check=True, capture_output=True, text=True)
    assert done.stdout == "143\n"

"""One run has the output folder; what a killed one left goes."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from seatrial.errors import InputError
from seatrial_pipelines.results import workplace

_HOLD = """
import sys, time
from pathlib import Path
from seatrial_pipelines.results import workplace
with workplace(Path(sys.argv[1])) as root:
    (root / "half").write_text("x")
    print(root, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_two_runs_do_not_write_to_one_folder(holder, tmp_path):
    with (
        pytest.raises(InputError, match="another run is writing to .*out: wait"),
        workplace(tmp_path / "out"),
    ):
        pass
    assert [path.name for path in (tmp_path / "out").glob("*/*")] == ["half"]


def test_what_a_killed_run_left_is_removed_by_the_next(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with workplace(tmp_path / "out") as root:
        assert list((tmp_path / "out").iterdir()) == [root]
    assert list((tmp_path / "out").iterdir()) == []


def test_threads_of_one_program_exclude_each_other_too(tmp_path):
    refused = []

    def second():
        try:
            with workplace(tmp_path):
                pass
        except InputError as error:
            refused.append(error)

    with workplace(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(refused) == 1

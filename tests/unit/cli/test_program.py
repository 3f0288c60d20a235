"""The program as a whole: its help, and how it ends."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from seatrial.cli.app import ORDER

_OPTIONS = "--model python:slow:x --dataset table:val.csv --out out"


def _seatrial(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "seatrial", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **environment},
    )


def test_help_lists_the_verbs_in_the_order_of_the_work():
    listed = re.findall(r"^│ ([a-z]+(?:-[a-z]+)*) {2}", _seatrial("--help").stdout, re.MULTILINE)
    assert tuple(listed) == ORDER


@pytest.mark.parametrize("verb", ["evaluate-model", "check-data", "decide-promotion", "run"])
def test_help_fills_a_narrow_terminal(verb):
    text = _seatrial(verb, "--help").stdout.partition("╭")[0]
    paragraphs = text.strip().split("\n" + " " * 80 + "\n")
    assert len(paragraphs) > 2
    for paragraph in paragraphs:
        lines = [line.strip() for line in paragraph.splitlines()]
        for line, following in itertools.pairwise(lines):
            assert len(f" {line} {following.split()[0]} ") > 78  # the next word did not fit


def test_an_interrupt_is_one_line_and_the_exit_code_of_shells(tmp_path):
    (tmp_path / "slow.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    (tmp_path / "val.csv").write_text("image,label\nval.csv,a\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "seatrial", "evaluate-model", *_OPTIONS.split()],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told.splitlines()[-1].startswith("seatrial: interrupted")
    assert "Traceback" not in told
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "slow.py",
        "val.csv",
    ]

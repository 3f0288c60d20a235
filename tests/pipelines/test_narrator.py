"""Kubeflow's local log, retold."""

import io
from pathlib import Path

import pytest

from seatrial_pipelines.narrator import Narrator

NAME = "\x1b[96m'measure-slices'\x1b[0m"
STARTED = f"04:08:45.754 - INFO - Executing task {NAME}\n04:08:45.754 - INFO - Streamed logs:\n\n"
MACHINERY = (
    "    [KFP Executor 2026-11-22 04:08:45,796 INFO]: Looking for component `measure_slices`\n"
    "    [KFP Executor 2026-11-22 04:08:45,797 INFO]: Got executor_input:\n"
    '    {\n        "inputs": {\n            "secret": "x"\n        }\n    }\n'
)
SUCCESS = (
    "    [KFP Executor 2026-11-22 04:08:45,797 INFO]: Wrote executor output file to /x.\n    \n\n"
    f"04:08:45.806 - INFO - Task {NAME} finished with status \x1b[92mSUCCESS\x1b[0m\n"
    f"04:08:45.806 - INFO - Task {NAME} outputs:\n    slices: Artifact( name='slices',\n"
)
FAILURE = f"04:08:45.806 - ERROR - Task {NAME} finished with status \x1b[91mFAILURE\x1b[0m\n"
TRACEBACK = (
    "    Traceback (most recent call last):\n"
    '      File "/x/executor_main.py", line 109, in <module>\n'
    "        executor_main()\n"
    "    seatrial.errors.PolicyError: policy:3:1: bad\n"
    "    policy:4:1: worse\n"
)


class Screen(io.StringIO):
    def __init__(self, *, live: bool) -> None:
        super().__init__()
        self._is_live = live

    def isatty(self) -> bool:
        return self._is_live


def _tell(folder: Path, text: str, *, live: bool = False, piece: int = 7) -> tuple[Narrator, str, str]:
    screen = Screen(live=live)
    with Narrator(folder / "run.log", lambda task: f"<{task}>", screen) as narrator:
        for start in range(0, len(text), piece):
            narrator.write(text[start : start + piece])
    return narrator, screen.getvalue(), (folder / "run.log").read_text()


def test_machinery_is_kept_in_the_log_and_off_the_screen(tmp_path):
    text = STARTED + MACHINERY + "    read 3 of 4 files\n" + SUCCESS
    narrator, screen, log = _tell(tmp_path, text)
    assert log == text
    assert screen.splitlines()[:2] == ["▸ <measure-slices>", "  read 3 of 4 files"]
    assert len(screen.splitlines()) == 3
    assert narrator.tasks == ["measure-slices"]
    assert narrator.failures == []


def test_traceback_becomes_a_reason(tmp_path):
    narrator, screen, _ = _tell(tmp_path, STARTED + MACHINERY + TRACEBACK + "    \n\n" + FAILURE)
    (failure,) = narrator.failures
    assert failure.task == "measure-slices"
    assert failure.type == "seatrial.errors.PolicyError"
    assert failure.message == "policy:3:1: bad\npolicy:4:1: worse"
    assert failure.expected
    assert "Traceback" not in screen


@pytest.mark.parametrize(
    ("last", "type_", "message"),
    [
        ("KeyError: 'x'", "KeyError", "'x'"),
        ("torch.OutOfMemoryError: CUDA", "torch.OutOfMemoryError", "CUDA"),
    ],
)
def test_crash_is_told_from_a_refusal(tmp_path, last, type_, message):
    text = STARTED + TRACEBACK.split("    seatrial", maxsplit=1)[0] + f"    {last}\n\n" + FAILURE
    (failure,) = _tell(tmp_path, text)[0].failures
    assert (failure.type, failure.message, failure.expected) == (type_, message, False)


def test_cause_of_a_chain_is_the_last_traceback(tmp_path):
    first = (
        TRACEBACK.split("    seatrial", maxsplit=1)[0]
        + "    OSError: disk\n    \n    During handling\n    \n"
    )
    (failure,) = _tell(tmp_path, STARTED + first + TRACEBACK + FAILURE)[0].failures
    assert failure.type == "seatrial.errors.PolicyError"


def test_step_that_was_killed_gives_its_last_lines(tmp_path):
    (failure,) = _tell(tmp_path, STARTED + MACHINERY + "    loading\n    Killed\n" + FAILURE)[0].failures
    assert failure.message == "loading\nKilled"
    assert not failure.expected


def test_step_that_died_silently_says_so(tmp_path):
    (failure,) = _tell(tmp_path, STARTED + MACHINERY + FAILURE)[0].failures
    assert failure.message == "the step ended without a message"


def test_progress_stays_on_one_line_of_a_terminal(tmp_path):
    lines = "    evaluate: 10/64 images, 5 images/s\n    evaluate: 20/64 images, 5 images/s\n    done\n"
    _, screen, _ = _tell(tmp_path, STARTED + lines, live=True)
    assert "20/64 images, 5 images/s\r" in screen
    assert screen.count("\n") == 2


def test_log_is_not_mistaken_for_a_terminal(tmp_path):
    lines = "    evaluate: 10/64 images, 5 images/s\n    evaluate: 20/64 images, 5 images/s\n"
    _, screen, _ = _tell(tmp_path, STARTED + lines)
    assert screen.splitlines()[1:] == [
        "  evaluate: 10/64 images, 5 images/s",
        "  evaluate: 20/64 images, 5 images/s",
    ]
    assert "\x1b" not in screen


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_passwords_reach_neither_log_nor_screen(tmp_path, piece):
    text = (
        STARTED
        + "    no answer from http://ann:s3cret@host/x?token=abc\n"
        + FAILURE
        + "http://ann:s3cret@host"
    )
    narrator, screen, log = _tell(tmp_path, text, piece=piece)
    for told in (screen, log, narrator.failures[0].message):
        assert "s3cret" not in told
        assert "abc" not in told
    assert log.count("http://***@host") == 2


def test_what_a_terminal_would_obey_is_shown_not_obeyed(tmp_path):
    text = STARTED + "    label \x1b]0;owned\x07 and \x1b[2J\x9b2J\n" + SUCCESS
    _, screen, _ = _tell(tmp_path, text)
    assert "  label \ufffd]0;owned\ufffd and \ufffd[2J\ufffd2J\n" in screen

"""Where the results of a local run are found: stable places below one folder."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seatrial.errors import InputError
from seatrial.files import read_json
from seatrial_components.evaluation import evaluated

__all__ = ["RESULTS", "collect", "task_outputs", "workplace", "writable_folder"]

#: Task and artifact of each result, by its name below the output folder.
RESULTS = {
    "evaluation": "evaluate-model/evaluation",
    "baseline": "evaluate-model-2/evaluation",
    "quality": "check-data/quality",
    "slices": "measure-slices/slices",
    "verdict": "decide-promotion/verdict",
    "blind_spots": "find-blind-spots/blind_spots",
    "report.html": "render-report/report",
}

_WORKPLACE = ".run."


def writable_folder(path: Path) -> Path:
    """Create a folder where it is absent.

    Raises:
        InputError: It cannot be created or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        raise InputError(f"cannot write into folder {path}: {error.strerror}") from error
    return path


@contextlib.contextmanager
def workplace(out: Path) -> Iterator[Path]:
    """Give a temporary folder below ``out`` that one run has for itself.

    The lock on ``out`` ends with the process that holds it, however it ends; so what a killed run left is
    known to be nobody's and goes.

    Args:
        out: The output folder; created where it is absent.

    Raises:
        InputError: ``out`` cannot be written to, or another run is writing to it.
    """
    handle = os.open(writable_folder(out), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"another run is writing to {out}: wait until it has ended, or choose another 'out'"
            ) from error
        for left in out.glob(f"{_WORKPLACE}*"):
            shutil.rmtree(left, ignore_errors=True)
        root = Path(tempfile.mkdtemp(prefix=_WORKPLACE, dir=out))
        try:
            yield root
        finally:
            shutil.rmtree(root, ignore_errors=True)
    finally:
        os.close(handle)


def task_outputs(run: Path) -> dict[str, dict[str, Any]]:
    """Read the values that the tasks of a run returned, by task, then by name.

    Args:
        run: The run's folder below kfp's pipeline root.
    """
    files = sorted(run.glob("*/executor_output.json"))
    return {file.parent.name: read_json(file).get("parameterValues", {}) for file in files}


def collect(run: Path, out: Path, results: Mapping[str, str] = RESULTS) -> None:
    """Move the results of a run below ``out``; what an earlier run left in their places goes.

    Args:
        run: The run's folder below kfp's pipeline root, on the same file system as ``out``; is to be
            deleted afterwards.
        out: The output folder.
        results: Task and artifact of each result, by its name below ``out``.
    """
    retired = run / "retired"
    retired.mkdir()
    for name, place in results.items():
        old, new = out / name, run / place
        if old.exists():
            old.replace(retired / name)
        # where there was no champion, a note lies in place of its evaluation
        if new.exists() and (name != "baseline" or evaluated(str(new)) is not None):
            new.replace(old)

"""A local MLflow server on sqlite, kept in a folder and left running for the person to look at."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from seatrial.errors import ServiceError
from seatrial.files import read_json, write_json
from seatrial_pipelines.demo.gate import GATE_FILE

__all__ = ["Server", "start", "stop"]

_FIRST_PORT = 5000
_PORTS_TRIED = 100
_START_SECONDS = 90.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        uri: Its address.
        pid: Its process, which leads a process group of its own.
    """

    uri: str
    pid: int


def start(folder: Path, gate_file: Path) -> Server:
    """Start ``mlflow server`` on a free port of this machine alone, with its files in ``folder``.

    Args:
        folder: Where it keeps everything.
        gate_file: What its registry protects.

    Raises:
        ServiceError: It does not answer within 90 seconds; its log is named.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    log = folder / "server.log"
    database = f"sqlite:///{folder.absolute()}/mlflow.db"
    command = [
        *(
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--workers",
            "1",
        ),
        *("--backend-store-uri", database, "--registry-store-uri", f"gated:{database}"),
        *("--artifacts-destination", str(folder.absolute() / "artifacts")),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command, no shell
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_environment() | {GATE_FILE: str(gate_file.absolute())},
        )
    server = Server(f"http://127.0.0.1:{port}", process.pid)
    write_json(folder / "server.json", {"uri": server.uri, "pid": server.pid})
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if _answers(server.uri):
            return server
        time.sleep(0.2)
    stop(folder)
    raise ServiceError(f"the MLflow server did not start within {_START_SECONDS:.0f} s; see {log}")


def stop(folder: Path) -> bool:
    """Stop the server that was started in ``folder``; False where none runs."""
    note = folder / "server.json"
    if not note.exists():
        return False
    pid = int(read_json(note)["pid"])
    note.unlink()
    if not _is_server(pid):
        return False
    os.killpg(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_server(pid):
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            break
        time.sleep(0.1)
    return True


def _environment() -> dict[str, str]:
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return os.environ | quiet


def _free_port() -> int:
    for port in range(_FIRST_PORT, _FIRST_PORT + _PORTS_TRIED):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServiceError(
        f"no free port from {_FIRST_PORT} to {_FIRST_PORT + _PORTS_TRIED - 1} for the MLflow server"
    )


def _answers(uri: str) -> bool:
    try:
        with urllib.request.urlopen(f"{uri}/health", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (urllib.error.URLError, OSError):
        return False


def _is_server(pid: int) -> bool:
    """Whether the process still runs and is an MLflow server, not a later process with the same number."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # collect it, where it is a child of ours
    try:
        return b"mlflow" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return _signalled(pid) and not Path("/proc").is_dir()


def _signalled(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True

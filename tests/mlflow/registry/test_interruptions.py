"""Promotion is killed, or its server is: run again, the end is the same."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from seatrial_mlflow import promote_model
from seatrial_mlflow.gated_registry.tags import attestation_tag

#: Forks once for each line that it reads: a process for each kill, without importing everything each time.
FORKS = """
import os, sys
from pathlib import Path
import mlflow.artifacts, mlflow.store.artifact.mlflow_artifacts_repo
from seatrial.steps import decide_promotion
from seatrial_mlflow import promote_model
print("ready", flush=True)
for line in sys.stdin:
    verdict, slices, policy, model, name, key, uri = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        promote_model.run(Path(verdict), slices=Path(slices), policy=Path(policy), model=model, name=name,
                          key=Path(key), tracking_uri=uri)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Line:
    """A connection to the server on which something happens at the n-th request that writes."""

    def __init__(self, server: str, at: int, happen, *, answered: bool) -> None:
        self._server = ("127.0.0.1", int(server.rpartition(":")[2]))
        self._at, self._happen, self._answered = at, happen, answered
        self.writes, self._lock = 0, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, suppress(OSError), socket.create_connection(self._server) as server:
            threading.Thread(target=self._carry, args=(server, caller), daemon=True).start()
            while data := caller.recv(1 << 20):
                due = data.startswith((b"POST ", b"PATCH ", b"DELETE ")) and self._count()
                if due and not self._answered:
                    self._happen()
                    return
                server.sendall(data)
                if due:
                    self._serve_last(caller, server)
                    return

    def _serve_last(self, caller: socket.socket, server: socket.socket) -> None:
        """Let the server finish what it was asked, and the client never hear of it."""
        caller.settimeout(0.1)
        with suppress(OSError):
            while data := caller.recv(1 << 20):  # the request's body, where it came by itself
                server.sendall(data)
        self._finished.wait(10)
        self._happen()

    def _count(self) -> bool:
        with self._lock:
            self.writes += 1
            self._finished = threading.Event()
            return self.writes == self._at

    def _carry(self, server: socket.socket, caller: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 20):
                if self.writes == self._at and self._answered:
                    self._finished.set()
                    return
                caller.sendall(data)


@pytest.fixture(scope="module")
def forks():
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


@pytest.fixture
def contest(model):
    """A candidate that is no version yet: what promotes it registers it first."""
    model.add("one", name=f"seed-{model.name}")
    uri = f"runs:/{model.run_id}/model-1"
    seed, model.name = model.name, f"seed-{model.name}"
    evidence = model.evidence("1")
    model.name = seed
    return uri, evidence


def state(model):
    """What must be the same in the end, whatever happened on the way."""
    found = model.client.search_model_versions(f"name = '{model.name}'")
    version = model.client.get_model_version(model.name, found[0].version)
    tags = {key: value for key, value in version.tags.items() if key != attestation_tag("champion")}
    return len(found), model.alias(), tags, version.description.replace(model.name, "…")


@pytest.mark.parametrize("registry", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_promotion_that_was_killed_at_any_write_is_completed_by_the_next(
    model, contest, keys, registry, forks, answered
):
    uri, evidence = contest
    own = model.name
    model.name = f"{own}-whole"
    whole = promote_model.run(**evidence, model=uri, name=model.name, key=keys["pipeline"])
    assert whole.changed
    expected, number = state(model), 0
    while True:
        number += 1
        model.name = f"{own}-{number}"
        child = []
        line = Line(
            registry.uri, number, lambda child=child: os.kill(child[0], signal.SIGKILL), answered=answered
        )
        arguments = (*evidence.values(), uri, model.name, keys["pipeline"], line.uri)
        forks.stdin.write("\t".join(map(str, arguments)) + "\n")
        forks.stdin.flush()
        child.append(int(forks.stdout.readline()))
        ended = int(forks.stdout.readline())
        line.close()
        if ended == 0:
            break
        assert os.WTERMSIG(ended) == signal.SIGKILL
        promote_model.run(**evidence, model=uri, name=model.name, key=keys["pipeline"])
        assert state(model) == expected, number
        accepted = registry.log(model=model.name, outcome="accepted")
        assert len(accepted) == 1
    assert state(model) == expected
    # looking whether the server is there, model, version, description, statement, alias, and what MLflow adds
    assert number - 1 == line.writes >= 6


@pytest.mark.parametrize("registry", ["postgresql"], indirect=True, scope="session")
@pytest.mark.parametrize("write", [3, 7], ids=["version", "alias"])
def test_a_server_that_is_killed_midway_and_comes_back_is_waited_for(model, contest, keys, registry, write):
    uri, evidence = contest

    def restart():
        registry.stop(signal.SIGKILL)
        registry.start()

    line = Line(registry.uri, write, restart, answered=False)
    promotion = promote_model.run(
        **evidence, model=uri, name=model.name, key=keys["pipeline"], tracking_uri=line.uri
    )
    line.close()
    registry.wait()
    assert (promotion.changed, model.alias()) == (True, "1")

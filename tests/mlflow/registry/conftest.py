"""Real MLflow servers behind the gate, on sqlite and on PostgreSQL, shared by all tests of this folder."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import sqlalchemy as sa

from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate
from seatrial.steps import decide_promotion
from seatrial_mlflow.gated_registry.audit import TABLE
from seatrial_mlflow.model_source import digest_model
from seatrial_mlflow.signing import generate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow's tables use what SQLAlchemy means to drop
    import mlflow.store.model_registry.sqlalchemy_store  # noqa: F401 - for that moment alone

STARTUP_SECONDS = 120
NOW = datetime.now(UTC)
PASSED = {"outcome": "pass", "policy": f"sha256:{'1' * 64}", "dataset": f"sha256:{'2' * 64}"}
NOBODY = 65534

POLICY = """\
apiVersion: seatrial/v1
baseline: {alias: champion, on_missing: skip}
statistics: {replicates: 50}
defaults: {min_n: 3}
rules:
  - {id: floor, type: min, metric: accuracy, value: 0.5, use: point, severity: block}
"""

#: Tables that say what is registered; the gate's own log and MLflow's runs are not among them.
REGISTRY_TABLES = (
    *("registered_models", "registered_model_tags", "registered_model_aliases"),
    *("model_versions", "model_version_tags"),
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_programs() -> Path | None:
    """Find initdb and postgres, where they are installed."""
    folders = [*map(Path, os.environ.get("PATH", "").split(os.pathsep)), Path("/usr/local/bin")]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run PostgreSQL on a loopback port; gives the URI of its empty database."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip(
            "PostgreSQL is not installed: initdb and postgres are neither on PATH nor in /usr/lib/postgresql"
        )
    folder = Path(tempfile.mkdtemp(prefix="seatrial-postgres-"))
    # PostgreSQL refuses to run as root
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    if who:
        os.chown(folder, NOBODY, NOBODY)
    port = free_port()
    environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    process = None
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "seatrial", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            env=environment,
            cwd=folder,
            **who,
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *(programs / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port)),
                    *("-k", folder, "-c", "fsync=off"),
                ],
                stdout=log,
                stderr=log,
                env=environment,
                cwd=folder,
                **who,
            )
        uri = f"postgresql+psycopg://seatrial@127.0.0.1:{port}/postgres"
        _wait_for_database(uri)
        yield uri
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_database(uri: str) -> None:
    engine = sa.create_engine(uri)
    deadline = time.monotonic() + STARTUP_SECONDS
    while True:
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            engine.dispose()
            return


@dataclass
class Registry:
    """A gated MLflow server and what it stands on."""

    folder: Path
    database: str
    keys: dict[str, Path]
    environment: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def gate_file(self) -> Path:
        return self.folder / "gate.yaml"

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--backend-store-uri", self.database, "--registry-store-uri", f"gated:{self.database}"),
            *("--artifacts-destination", str(self.folder / "artifacts"), "--workers", "1", *self.options),
        ]
        environment = {
            **os.environ,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "SEATRIAL_GATE": str(self.gate_file),
            **self.environment,
        }
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        deadline = time.monotonic() + STARTUP_SECONDS
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                pytest.fail(
                    f"mlflow server ended at start:\n{(self.folder / 'server.log').read_text()[-4000:]}"
                )
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=1):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        pytest.fail(f"mlflow server did not answer:\n{(self.folder / 'server.log').read_text()[-4000:]}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
        self.process = None

    def dump(self) -> dict[str, list[tuple]]:
        """Read every row of what is registered."""
        engine = sa.create_engine(self.database)
        with engine.connect() as connection:
            found = {
                table: sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {table}"))))
                for table in REGISTRY_TABLES
            }
        engine.dispose()
        return found

    def log(self, **where: str) -> list[dict]:
        """Read the gate's log, oldest first."""
        engine = sa.create_engine(self.database)
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"SELECT * FROM {TABLE} ORDER BY id")).mappings().all()
        engine.dispose()
        return [dict(row) for row in rows if all(row[key] == value for key, value in where.items())]


def write_gate(path: Path, keys: dict[str, Path], extra: str = "") -> None:
    from seatrial_mlflow.signing import read_public

    public = {name: read_public(file).keyval["public"] for name, file in keys.items()}
    path.write_text(f"""\
apiVersion: seatrial/v1
kind: RegistryGate
models:
  - name: "gate-*"
    aliases: [champion, shadow]
    stages: [Production]
keys:
  - {{public: {public["pipeline"]}, may: [verdict]}}
  - {{public: {public["operator"]}, may: [rollback]}}
  - {{public: {public["retired"]}, may: [verdict, rollback], expires: 2020-01-01}}
{extra}""")


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Private keys: the pipeline's, an operator's, one that expired, and one that nobody trusts."""
    folder = tmp_path_factory.mktemp("keys")
    found = {name: folder / f"{name}.pem" for name in ("pipeline", "operator", "retired", "stranger")}
    for path in found.values():
        generate(path)
    return found


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def registry(request, tmp_path_factory, keys) -> Iterator[Registry]:
    """A gated server that all tests share."""
    if not any(point.name == "gated" for point in entry_points(group="mlflow.model_registry_store")):
        pytest.fail("the entry point 'gated' is not installed: run pip install -e .")
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp(request.param)
        if request.param == "sqlite":
            database = f"sqlite:///{folder / 'mlflow.db'}"
        else:
            database = stack.enter_context(postgres())
        server = Registry(folder, database, keys)
        write_gate(server.gate_file, keys)
        server.start()
        stack.callback(server.stop)
        server.wait()
        yield server


@pytest.fixture
def tracking(registry, monkeypatch) -> str:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.uri)
    monkeypatch.delenv("SEATRIAL_SIGNING_KEY", raising=False)
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return registry.uri


@pytest.fixture
def client(tracking):
    import mlflow

    return mlflow.MlflowClient(tracking_uri=tracking)


@dataclass
class Model:
    """A registered model of plain files, made for one test."""

    client: object
    folder: Path
    name: str
    run_id: str = ""
    folders: dict[str, str] = field(default_factory=dict)

    def add(self, content: str, name: str | None = None) -> str:
        """Register a version with one file."""
        name = name or self.name
        if not self.client.search_registered_models(f"name = '{name}'"):
            self.client.create_registered_model(name)
        if not self.run_id:
            self.run_id = self.client.create_run("0").info.run_id
        path = f"model-{len(self.folders) + 1}"
        self.client.log_text(self.run_id, content, f"{path}/weights.txt")
        uri = f"{self.client.get_run(self.run_id).info.artifact_uri}/{path}"
        version = self.client.create_model_version(name, uri, self.run_id, await_creation_for=0)
        self.folders[str(version.version)] = path
        return str(version.version)

    def digest(self, version: str) -> str:
        from mlflow.artifacts import download_artifacts

        folder = self.folder / f"files-{time.monotonic_ns()}"
        return digest_model(
            Path(download_artifacts(artifact_uri=f"models:/{self.name}/{version}", dst_path=str(folder)))
        )

    def alias(self, alias: str = "champion") -> str | None:
        return self.client.get_registered_model(self.name).aliases.get(alias)

    def evidence(self, version: str, baseline: str | None = None, accuracy: float = 0.9) -> dict[str, Path]:
        """Decide on a version from real files: slices, policy and the verdict that follows."""
        folder = self.folder / f"evidence-{time.monotonic_ns()}"
        models = {
            "candidate": {"model": f"models:/{self.name}/{version}", "digest": self.digest(version)},
            "baseline": None,
            "dataset": {"name": "cells", "digest": f"sha256:{'ab' * 32}", "n": 100},
        }
        if baseline is not None:
            models["baseline"] = {"model": f"models:/{self.name}/{baseline}", "digest": self.digest(baseline)}
        header = {
            **models,
            "task": "classification",
            "classes": ["a", "b"],
            "confidence": 0.95,
            "replicates": 50,
            "seed": 7,
        }
        paired = (
            (Estimate(0.5, 0.4, 0.6, 100), Difference(0.1, 0.05, 0.2, 0.01, 100))
            if baseline
            else (None, None)
        )
        row = SliceRow(
            "all",
            "all",
            {},
            "image",
            "accuracy",
            None,
            100,
            Estimate(accuracy, accuracy - 0.05, accuracy + 0.05, 100),
            *paired,
        )
        SliceReport(header, (row,)).write(folder / "slices")
        (folder / "policy.yaml").write_text(POLICY)
        decide_promotion.run(folder / "policy.yaml", folder / "slices", folder / "verdict")
        return {
            "verdict": folder / "verdict",
            "slices": folder / "slices",
            "policy": folder / "policy.yaml",
        }


@pytest.fixture
def model(client, tmp_path, request) -> Model:
    """A model of the test's own, under a protected name; it has no versions yet."""
    return Model(client, tmp_path, f"gate-{request.node.originalname[5:20]}-{time.monotonic_ns()}")

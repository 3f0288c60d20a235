"""A real MLflow server on a free loopback port, with real models in it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

STARTUP_SECONDS = 60
CLASSES = ["sound", "cracked", "unsure"]
METADATA = {"seatrial": {"classes": CLASSES, "preprocess": {"resize": None, "crop": None}}}


@pytest.fixture(scope="session")
def free_port() -> int:
    """A loopback port that nobody listens on."""
    return _free_port()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """Start ``mlflow server`` once: sqlite, artifacts proxied; ended with the session."""
    folder = tmp_path_factory.mktemp("mlflow")
    port = _free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts"), "--workers", "1"),
    ]
    environment = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    log = (folder / "server.log").open("wb")
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    uri = f"http://127.0.0.1:{port}"
    try:
        _wait_for(uri, process, folder / "server.log")
        yield uri
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(uri: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"mlflow server ended at start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(f"{uri}/health", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    pytest.fail(f"mlflow server did not answer in {STARTUP_SECONDS} s:\n{log.read_text()}")


@pytest.fixture
def tracking(server, monkeypatch) -> str:
    """Make the server the one that the environment names."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    return server


@pytest.fixture
def client(server):
    import mlflow

    return mlflow.MlflowClient(tracking_uri=server)


@dataclass(frozen=True)
class LoggedModels:
    """A training run and what it logged."""

    run_id: str
    experiment_id: str
    model_ids: dict[str, str]

    def uri(self, kind: str) -> str:
        return f"models:/{self.model_ids[kind]}"


def tiny_network(seed: int):
    import torch

    torch.manual_seed(seed)
    return torch.nn.Sequential(
        torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, len(CLASSES))
    ).eval()


@pytest.fixture(scope="session")
def logged(server, tmp_path_factory) -> LoggedModels:
    """One training run with a tiny network as pickle, TorchScript, export and ONNX, and a second pickle."""
    return _log_models(server, tmp_path_factory.mktemp("models"))


def _log_models(server: str, folder: Path) -> LoggedModels:
    import mlflow
    import numpy as np
    import onnx
    import torch
    from onnx import TensorProto, helper

    example = np.zeros((2, 3, 8, 8), dtype=np.float32)
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
    )
    onnx_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(onnx_model)
    previous = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(server)
    try:
        with warnings.catch_warnings():
            # torch.jit is deprecated and MLflow warns of its own defaults
            warnings.simplefilter("ignore")
            experiment = mlflow.set_experiment("solar cells").experiment_id
            requirements = {"pip_requirements": ["torch"]}
            with mlflow.start_run(run_name="train candidate") as run:
                mlflow.log_params({"epochs": 3, "backbone": "tiny"})
                mlflow.log_metric("train_loss", 0.4)
                ids = {
                    "pickle": mlflow.pytorch.log_model(
                        tiny_network(1),
                        name="pickle",
                        metadata=METADATA,
                        serialization_format="pickle",
                        **requirements,
                    ),
                    "other": mlflow.pytorch.log_model(
                        tiny_network(2), name="other", serialization_format="pickle", **requirements
                    ),
                    "torchscript": mlflow.pytorch.log_model(
                        torch.jit.script(tiny_network(1)),
                        name="script",
                        serialization_format="pickle",
                        **requirements,
                    ),
                    "export": mlflow.pytorch.log_model(
                        tiny_network(1),
                        name="export",
                        input_example=example,
                        serialization_format="pt2",
                        metadata=METADATA,
                        **requirements,
                    ),
                    "onnx": mlflow.onnx.log_model(onnx_model, name="onnx", pip_requirements=["onnxruntime"]),
                }
                plain = folder / "plain.onnx"
                onnx.save_model(onnx_model, plain)
                mlflow.log_artifact(str(plain), "weights")
    finally:
        mlflow.set_tracking_uri(None)
        if previous is not None:
            os.environ["MLFLOW_TRACKING_URI"] = previous
    model_ids = {kind: info.model_id for kind, info in ids.items()}
    return LoggedModels(run.info.run_id, experiment, model_ids)

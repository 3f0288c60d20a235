"""Real models and results in the real MLflow server."""

import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seatrial.digests import digest_file
from seatrial.gates import Decision, Outcome, Verdict
from seatrial.quality import CheckResult, Finding, QualityReport
from seatrial.slices import SliceReport, SliceRow
from seatrial.statistics import Difference, Estimate, NotComputable

CLASSES = ["sound", "cracked", "unsure"]
METADATA = {"seatrial": {"classes": CLASSES, "preprocess": {"resize": None, "crop": None}}}


TOKEN = "s3cret-t0ken"


class Receiver:
    """A webhook's other end: keeps what it was sent, and refuses the first few."""

    def __init__(self) -> None:
        self.received, self.refuse = [], 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.received.append((self.path, content))
                receiver.refuse -= 1
                self.send_response(500 if receiver.refuse >= 0 else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://ann:{TOKEN}@127.0.0.1:{self.server.server_port}/team"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver(monkeypatch):
    one = Receiver()
    monkeypatch.setenv("SEATRIAL_NOTIFY", one.url)
    yield one
    one.close()


class Wire:
    """A proxy in front of a server, which notes each request and can do something after any of them."""

    def __init__(self, target: str) -> None:
        self.requests: list[tuple[str, str, float]] = []
        self.after: Callable[[int], None] = lambda number: None
        wire, address = self, target.removeprefix("http://")

        class Forward(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                start = time.perf_counter()
                try:
                    with closing(HTTPConnection(address, timeout=60)) as onward:
                        onward.request(self.command, self.path, body, dict(self.headers))
                        answer = onward.getresponse()
                        content = answer.read()
                except (ConnectionError, HTTPException):  # the server is away: so is its proxy
                    self.close_connection = True
                    return
                wire.requests.append((self.command, self.path, time.perf_counter() - start))
                wire.after(len(wire.requests))
                try:
                    self.send_response(answer.status)
                    for name, value in answer.getheaders():
                        if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:  # whoever asked was killed
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def wire_to() -> Iterator[Callable[[str], Wire]]:
    """Put proxies in front of servers."""
    with ExitStack() as open_:

        def put(uri: str) -> Wire:
            proxy = Wire(uri)
            open_.callback(proxy.close)
            return proxy

        yield put


@pytest.fixture
def wire(wire_to, server) -> Wire:
    """Put a proxy in front of the server."""
    return wire_to(server)


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


@pytest.fixture
def registered(client, logged, request):
    """Register logged models under a name of the test's own; the first becomes the champion."""
    name = f"{request.node.name[:60].replace('/', '-').replace(':', '-')}-{time.monotonic_ns()}"

    def register(kind: str) -> tuple[str, str]:
        known = client.search_registered_models(f"name = '{name}'")
        if not known:
            client.create_registered_model(name)
        version = client.create_model_version(
            name, logged.uri(kind), logged.run_id, model_id=logged.model_ids[kind], await_creation_for=0
        )
        if not known:
            client.set_registered_model_alias(name, "champion", version.version)
        return name, str(version.version)

    return register


SITES = ("B7", "C12", "∅", "München/Süd", "a b", "a-b")
BINS = ("(-∞, 0.2)", "[0.2, 0.4)", "[0.4, ∞)")
METRICS = ("accuracy", "recall", "log_loss")


def slice_rows(champion: bool) -> list[SliceRow]:
    """A small report: everything, two families of slices, a predicate; per class on everything."""
    slices = [("all", "all", {}, 1200), ("night", "night", {}, 300)]
    slices += [(f"site={site}", "site", {"site": site}, 200) for site in SITES]
    slices += [(f"brightness={bin_}", "brightness", {"brightness": bin_}, 400) for bin_ in BINS]
    rows = []
    for number, (name, family, attributes, n) in enumerate(slices):
        for metric in METRICS:
            for class_ in (None, "cracked", "sound") if metric == "recall" else (None,):
                value = round(0.9 - 0.02 * number, 6)
                candidate = Estimate(value, value - 0.05, value + 0.05, n)
                change = -0.04 if name == "site=B7" else 0.01
                rows.append(
                    SliceRow(
                        *(name, family, attributes, "image", metric, class_, n, candidate),
                        Estimate(round(value - change, 6), value - 0.1, value, n) if champion else None,
                        Difference(change, change - 0.03, change + 0.03 if change > 0 else -0.01, 0.2, n)
                        if champion
                        else None,
                    )
                )
    rows.append(
        SliceRow("night", "night", {}, "image", "auroc", None, 300, NotComputable("one class only", 300))
    )
    return rows


def decisions(outcome: Outcome) -> tuple[Decision, ...]:
    blocks = outcome is not Outcome.PASS
    return (
        Decision(
            "floor", "min", "block", "all", "accuracy", Outcome.PASS, "0.90 is at least 0.80", 0.9, limit=0.8
        ),
        Decision(
            *("sites", "no_regression", "block", "site=B7", "recall", outcome),
            reason="recall fell by 4.0 points | interval −7.0 to −1.0, n = 200",
            value=-0.04,
            low=-0.07,
            high=-0.01,
            n=200,
            blocking=blocks,
        ),
        Decision(
            "leakage", "data", "warn", "exact_duplicates", None, Outcome.FAIL, "2 duplicates, at most 0"
        ),
    )


@dataclass(frozen=True)
class Results:
    """What the steps before wrote."""

    folder: Path

    @property
    def arguments(self) -> dict[str, Path]:
        return {
            "verdict": self.folder / "verdict",
            "slices": self.folder / "slices",
            "quality": self.folder / "quality",
            "report": self.folder / "report.html",
            "policy": self.folder / "policy.yaml",
            "evaluation": self.folder / "evaluation",
        }


@pytest.fixture
def results(tmp_path):
    """Write the results of a whole trial by hand; the candidate and champion are given by URI and digest."""

    def write(
        candidate: tuple[str, str],
        baseline: tuple[str, str] | None = None,
        outcome: str = "fail",
        dataset: str = "cells",
        rows: list[SliceRow] | None = None,
    ) -> Results:
        folder = tmp_path / "results"
        models = {
            "candidate": {"model": candidate[0], "digest": candidate[1]},
            "baseline": None if baseline is None else {"model": baseline[0], "digest": baseline[1]},
            "dataset": {"name": dataset, "digest": f"sha256:{'ab' * 32}", "n": 1200},
        }
        header = {
            **models,
            "task": "classification",
            "classes": CLASSES,
            "confidence": 0.95,
            "replicates": 1000,
            "seed": 7,
        }
        SliceReport(header, tuple(rows or slice_rows(baseline is not None))).write(folder / "slices")
        inputs = {
            **models,
            "policy": {"digest": f"sha256:{'cd' * 32}"},
            "slice_report": {"digest": digest_file(folder / "slices" / "slice_report.json")},
        }
        verdict = Verdict(Outcome(outcome), decisions(Outcome(outcome)), inputs)
        verdict.write(folder / "verdict" / "verdict.json")
        (folder / "verdict" / "verdict.md").write_text(
            "# Verdict\n\n| rule | outcome |\n|---|---|\n| floor | pass |\n"
        )
        (folder / "verdict" / "junit.xml").write_text("<testsuites/>")
        (folder / "quality" / "pages").mkdir(parents=True, exist_ok=True)
        (folder / "quality" / "pages" / "drift.html").write_text("<h1>drift</h1>")
        checks = (
            CheckResult("exact_duplicates", "done", "", 2, 4),
            CheckResult("blurred", "crashed", "boom", 0, 0),
        )
        found = (Finding("exact_duplicates", "warning", "two images are the same", ("a", "b"), 1.0, {}),) * 2
        quality = QualityReport({"dataset": models["dataset"]}, checks, found, {"Drift": "pages/drift.html"})
        quality.write_into(folder / "quality")
        (folder / "report.html").write_text(
            "<!doctype html><meta charset=utf-8><title>Report</title><h1>Sea trial</h1>May it go live? No."
        )
        (folder / "policy.yaml").write_text("apiVersion: seatrial/v1\n")
        (folder / "evaluation").mkdir(exist_ok=True)
        (folder / "evaluation" / "evaluation.json").write_text("{}")
        return Results(folder)

    return write


@pytest.fixture
def digest_of(tracking, tmp_path):
    """Digest the files of a model that MLflow keeps."""
    from seatrial_mlflow.model_source import fetch

    def digest(uri: str) -> str:
        folder = tmp_path / f"fetched-{time.monotonic_ns()}"
        folder.mkdir()
        return fetch(uri, folder).digest

    return digest

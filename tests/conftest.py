"""Fixtures that every kind of test shares: real images, real manifests, real predictions."""

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from seatrial.datasets import OBJECT_SCHEMA
from seatrial.evaluation import EvaluationHeader, EvaluationTable
from seatrial.metrics import DetectionSamples

os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["DO_NOT_TRACK"] = "1"

SHARED_DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the checkout; the test skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs real data sets in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def opened():
    """Watch a folder and those below; the kernel tells the name of each file that anybody opens in them.

    This is inotify of Linux: no cache, no thread and no other process can open a file unseen.
    """
    if not hasattr(library := ctypes.CDLL(None, use_errno=True), "inotify_init1"):
        pytest.skip("needs inotify, which is Linux's")

    @contextmanager
    def watch(folder):
        handle, names = library.inotify_init1(os.O_NONBLOCK), []
        for one in [folder, *(path for path in Path(folder).rglob("*") if path.is_dir())]:
            assert library.inotify_add_watch(handle, os.fsencode(one), 0x20) >= 0  # IN_OPEN
        try:
            yield names
            while True:
                try:
                    events = os.read(handle, 1 << 16)
                except BlockingIOError:
                    break
                while events:
                    _, mask, _, length = struct.unpack_from("iIII", events)
                    assert not mask & 0x4000, "more events than the queue holds"
                    name = events[16 : 16 + length].rstrip(b"\0")
                    if name and not mask & 0x40000000:  # a folder that is listed is no file that is read
                        names.append(os.fsdecode(name))
                    events = events[16 + length :]
        finally:
            os.close(handle)

    return watch


@pytest.fixture(scope="session")
def detection_table():
    """Build the evaluation of a detector by hand.

    Truths and predictions are dictionaries with ``image``, ``class`` and ``box``, and what else differs from
    the usual: ``area``, ``crowd``, ``ignore``, ``mask``, ``score``, attributes.
    """

    def build(images, classes, truths, predictions, **columns):
        place = {image: number for number, image in enumerate(images)}
        rows = []
        for role, objects in (("truth", truths), ("prediction", predictions)):
            for one in objects:
                x, y, width, height = one["box"]
                row = {
                    "annotation": None,
                    "area": width * height,
                    "crowd": False,
                    "ignore": False,
                    "mask": None,
                }
                row |= {"x": x, "y": y, "width": width, "height": height, "role": role, "score": None}
                rows.append(row | {key: value for key, value in one.items() if key != "box"})
        rows.sort(key=lambda row: place[row["image"]])
        attributes = sorted({key for row in rows for key in row} - {*OBJECT_SCHEMA.names, "role", "score"})
        fields = [*OBJECT_SCHEMA, pa.field("role", pa.string()), pa.field("score", pa.float64())]
        known = pa.Table.from_pylist(rows, pa.schema(fields))
        for name in attributes:
            known = known.append_column(name, pa.array([row.get(name) for row in rows]))
        counts = {
            f"{role}s": pa.array(
                [sum(row["role"] == role and row["image"] == one for row in rows) for one in images]
            )
            for role in ("truth", "prediction")
        }
        fixed = {"id": pa.array(images, pa.string()), "annotated": pa.array([True] * len(images)), **counts}
        samples = pa.table({**fixed, "group": pa.nulls(len(images), pa.string()), **columns})
        header = EvaluationHeader(
            "detection", tuple(classes), "by hand", "sha256:0", "by hand", "sha256:0", len(images)
        )
        return EvaluationTable(header, samples, objects=known)

    return build


@pytest.fixture(scope="session")
def drawn_detections(detection_table):
    """Draw crowds, ignored truths, duplicates, confusions, misplaced and stray boxes."""

    def draw(seed, images=4, classes=3, **options):
        rng = np.random.default_rng(seed)
        names, kinds = (
            [f"image {number}" for number in range(images)],
            [f"kind {code}" for code in range(classes)],
        )
        truths, predictions = [], []

        def predict(image, kind, box):
            x, y, width, height = np.round(np.maximum(box, [0, 0, 1, 1]), 1).tolist()
            score = round(float(rng.beta(2, 2)), 2) if rng.random() < 0.5 else float(rng.random())
            predictions.append({"image": image, "class": kind, "box": (x, y, width, height), "score": score})

        for image in names:
            for _ in range(rng.integers(0, 6)):
                flags = {"crowd": bool(rng.random() < 0.1), "ignore": bool(rng.random() < 0.1)}
                box, kind = np.round(_box(rng)), str(rng.choice(kinds))
                truths.append({"image": image, "class": kind, "box": tuple(box.tolist()), **flags})
                for _ in range(rng.integers(0, 4)):
                    shift = rng.choice([0, 1, 5, 15]) * rng.normal(size=4)
                    predict(image, kind if rng.random() < 0.7 else str(rng.choice(kinds)), box + shift)
            for _ in range(rng.integers(0, 3)):
                predict(image, str(rng.choice(kinds)), _box(rng))
        table = detection_table(names, kinds, truths, predictions)
        return DetectionSamples.from_evaluation(table, **options)[0]

    return draw


def _box(rng):
    size = rng.choice([12, 40, 120]) * rng.uniform(0.5, 1.5, 2)
    return np.concatenate([rng.uniform(0, 200 - size), size])


@pytest.fixture(autouse=True, scope="module")
def _no_mlflow_of_another_module():
    """MLflow's fluent functions leave their choices in the process: no module inherits another's."""

    def forget():
        for name in (
            "MLFLOW_EXPERIMENT_ID",
            "MLFLOW_EXPERIMENT_NAME",
            "MLFLOW_RUN_ID",
            "MLFLOW_TRACKING_URI",
        ):
            os.environ.pop(name, None)
        if mlflow := sys.modules.get("mlflow"):
            mlflow.set_tracking_uri(None)

    forget()
    yield
    forget()


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),  # WebGL without a GPU
]


@pytest.fixture(scope="module")
def browser():
    """Start a real browser; the test skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs a Chromium")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """Open a window of which nothing is left when it is closed."""
    window = browser.new_context(viewport={"width": 1600, "height": 1100})
    window.set_default_timeout(60_000)
    yield window.new_page()
    window.close()


@pytest.fixture
def shot(tmp_path):
    """Keep what a page looks like, beside the test's other files."""

    def take(page, name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png")

    return take


STARTUP_SECONDS = 60


@pytest.fixture(scope="session")
def free_port() -> int:
    """A loopback port that nobody listens on."""
    return _free_port()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(folder: Path, port: int | None = None, **environment: str) -> Iterator[str]:
    """Run ``mlflow server`` on a folder's database and artifacts for the block, and end it after it."""
    port = port or _free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts"), "--workers", "1"),
    ]
    switches = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = (folder / "server.log").open("ab")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **switches, **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
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
            process.wait(10)
        log.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[str]:
    """Start ``mlflow server`` once: sqlite, artifacts proxied; ended with the session."""
    folder = tmp_path_factory.mktemp("mlflow")
    with _running(folder) as uri:
        yield uri
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def running_server():
    """Start servers of a test's own: ``with running_server(folder, port, VARIABLE="value") as uri``."""
    return _running


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
    for name in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)  # mlflow.set_experiment leaves the first behind
    return server

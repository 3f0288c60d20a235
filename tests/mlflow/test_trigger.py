"""The service as a process: a real MLflow server's webhook in, a run on Kubeflow out, and nothing else."""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SECRET = "a secret of the webhook"
CONFIG = """\
model: models:/{name}/1
baseline: none
dataset: images:s3://bucket/val
policy: policy.yaml
mlflow: {{tracking_uri: http://mlflow:5000, registered_model: {name}}}
"""
POLICY = "apiVersion: seatrial/v1\nrules: [{id: floor, type: min, metric: accuracy, value: 0.5}]\n"


class Kubeflow:
    """The few answers of a Kubeflow Pipelines API that starting a run needs; keeps what it was sent."""

    def __init__(self) -> None:
        self.models: list[str] = []
        self.away = False
        kubeflow = self

        class Api(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer({"experiments": []} if "experiments" in self.path else {})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if "runs" in self.path and not kubeflow.away:
                    kubeflow.models.append(body["runtime_config"]["parameters"]["model"])
                self.answer({"experiment_id": "e1", "run_id": "r1"})

            def answer(self, value):
                self.send_response(503 if kubeflow.away else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(value).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.uri = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def kubeflow():
    api = Kubeflow()
    yield api
    api.close()


class Trigger:
    """The service, and what can be asked of it."""

    def __init__(self, port: int, process: subprocess.Popen, log: Path) -> None:
        self.port, self.process, self.log = port, process, log
        self.url = f"http://127.0.0.1:{port}/webhook"

    def ask(self, method, path, body=None, headers=None):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def deliver(self, body, **how):
        status, text = self.ask("POST", "/webhook", body, signed(body, **how))
        return status, json.loads(text)["status"]

    def number(self, name):
        lines = self.ask("GET", "/metrics")[1].splitlines()
        return float(next(line for line in lines if line.startswith(f"seatrial_trigger_{name}")).split()[-1])

    def memory(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.fixture
def start(tmp_path, kubeflow, free_port):
    """Start services, one at a time."""
    running = []

    def begin(*names, **options):
        folder = tmp_path / "trigger"
        folder.mkdir(exist_ok=True)
        (folder / "policy.yaml").write_text(POLICY)
        words = []
        for name in names or ("solar",):
            (folder / f"{name}.yaml").write_text(CONFIG.format(name=name))
            words += ["--config", folder / f"{name}.yaml"]
        for name, value in options.items():
            words += [f"--{name.replace('_', '-')}", value]
        command = [sys.executable, "-m", "seatrial", "trigger", "--host", kubeflow.uri, "--port", free_port]
        log = folder / "log"
        with log.open("ab") as stream:
            process = subprocess.Popen(
                [str(word) for word in (*command, *words)],
                stderr=stream,
                env={**os.environ, "SEATRIAL_WEBHOOK_SECRET": SECRET, "HOME": str(tmp_path)},
            )
        running.append(process)
        trigger = Trigger(free_port, process, log)
        until(lambda: is_up(trigger), trigger)
        return trigger

    yield begin
    for process in running:
        process.terminate()
        assert process.wait(20) in {0, -signal.SIGTERM, -signal.SIGKILL}


def is_up(trigger):
    assert trigger.process.poll() is None, trigger.log.read_text()
    try:
        return trigger.ask("GET", "/readyz")[0] == 200
    except ConnectionError:
        return False


def until(condition, trigger, seconds=40):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, trigger.log.read_text()
        time.sleep(0.05)


def event(version=1, name="solar", **more):
    data = {"name": name, "version": f"{version}", "source": "models:/m-1", "run_id": "r1", "tags": {}} | more
    return json.dumps({"entity": "model_version", "action": "created", "data": data}).encode()


def signed(body, delivery="d1", secret=SECRET, at=None):
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "X-MLflow-Delivery-Id": delivery,
        "X-MLflow-Timestamp": stamp,
        "X-MLflow-Signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@pytest.mark.slow
def test_a_version_that_is_created_in_mlflow_is_judged_on_kubeflow(running_server, start, kubeflow, tmp_path):
    import mlflow
    from cryptography.fernet import Fernet

    (tmp_path / "server").mkdir()
    allowed = {
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    trigger = start("solar")
    with running_server(tmp_path / "server", **allowed) as uri:
        client = mlflow.MlflowClient(uri)
        client.create_webhook("judge", trigger.url, ["model_version.created"], secret=SECRET)
        for name in ("solar", "lunar"):
            client.create_registered_model(name)
            client.create_model_version(name, "s3://bucket/model", await_creation_for=0)
        until(lambda: kubeflow.models, trigger)
        until(lambda: trigger.number('deliveries_total{outcome="ignored"}') == 1, trigger)
    assert kubeflow.models == ["models:/solar/1"]
    assert trigger.number('deliveries_total{outcome="accepted"}') == 1


def test_what_is_not_a_new_delivery_of_mlflow_starts_nothing(start, kubeflow):
    trigger = start("solar", "lunar")
    assert trigger.deliver(event(1, "lunar"), delivery="lunar") == (202, "accepted")
    until(lambda: kubeflow.models, trigger)
    refused = [
        (trigger.deliver(event(2), secret="somebody else's guess"), (401, "forged")),
        (trigger.deliver(event(2), at=time.time() - 400), (401, "forged")),
        (trigger.deliver(event(1, "lunar"), delivery="lunar"), (409, "replayed")),
        (trigger.deliver(event(1, "lunar"), delivery="another"), (200, "known")),
        (trigger.deliver(b"{}"), (400, "malformed")),
        (trigger.deliver(event(2, "martian")), (200, "ignored")),
        (trigger.deliver(event(2, tags={"registered_by": "seatrial"})), (200, "ignored")),
        (trigger.deliver(b" " * 70_000), (413, "too large")),
    ]
    assert [got for got, _ in refused] == [expected for _, expected in refused]
    assert trigger.ask("POST", "/webhook", event(2))[0] == 401
    assert trigger.ask("GET", "/webhook")[0] == 405
    assert trigger.ask("GET", "/docs")[0] == 404
    assert trigger.ask("GET", "/healthz") == (200, "alive\n")
    assert trigger.number("pipelines_started_total") == 1
    assert kubeflow.models == ["models:/lunar/1"]


def test_kubeflow_may_be_away_and_what_waits_outlives_the_service(start, kubeflow, tmp_path):
    kubeflow.away = True
    trigger = start(state=tmp_path / "waiting.sqlite", most_waiting=2)
    answers = [trigger.deliver(event(n), delivery=f"d{n}") for n in (1, 2, 3)]
    assert answers == [(202, "accepted"), (202, "accepted"), (503, "full")]
    assert trigger.ask("GET", "/readyz") == (503, "as many versions wait as may\n")
    until(lambda: "503" in trigger.log.read_text(), trigger)
    trigger.process.kill()
    trigger.process.wait()
    kubeflow.away = False
    (tmp_path / "trigger" / "log").write_text("")
    again = start(state=tmp_path / "waiting.sqlite", most_waiting=3)
    assert again.deliver(event(1), delivery="d1") == (409, "replayed")
    until(lambda: len(kubeflow.models) == 2, again)
    assert sorted(kubeflow.models) == ["models:/solar/1", "models:/solar/2"]


def flood(trigger, count, number):
    """Send requests over one connection: forged, malformed, too large, valid but too many."""
    connection = HTTPConnection("127.0.0.1", trigger.port, timeout=60)
    answers = []
    for one in range(count):
        kind, delivery = one % 4, f"flood-{number}-{one}"
        body = (event(one), b"[]", b"x" * 20_000, event(f"{number}{one}"))[kind]
        headers = signed(body, delivery, secret="wrong" if kind in {0, 2} else SECRET)
        try:
            connection.request("POST", "/webhook", body, headers)
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
        except (ConnectionError, OSError):
            connection.close()
    connection.close()
    return answers


@pytest.mark.slow
def test_a_flood_of_ten_thousand_requests_leaves_it_alive_with_bounded_memory(start, kubeflow):
    kubeflow.away = True
    trigger = start(most_waiting=50)
    trigger.deliver(event(0), delivery="first")
    until(lambda: "again in" in trigger.log.read_text(), trigger)  # everything is imported by now
    flood(trigger, 400, "warm")
    before = trigger.memory()
    with ThreadPoolExecutor(8) as pool:
        answers = [one for found in pool.map(lambda n: flood(trigger, 1250, n), range(8)) for one in found]
    assert len(answers) > 9_900
    assert set(answers) <= {202, 400, 401, 503}
    assert trigger.ask("GET", "/healthz") == (200, "alive\n")
    assert trigger.number("waiting") == 50
    assert trigger.memory() - before < 20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: (folder / "secret").write_text("short"),
            "expected the webhook's secret, 16",
        ),
        (lambda folder: (folder / "secret").unlink(), "cannot read secret"),
        (
            lambda folder: (folder / "solar.yaml").write_text("model: m\n"),
            "expected a key 'dataset', got model",
        ),
        (
            lambda folder: (folder / "solar.yaml").write_text(CONFIG.format(name="''")),
            "expected mlflow.registered_model: its new versions start the pipeline",
        ),
        (
            lambda folder: (folder / "solar.yaml").write_text(
                CONFIG.format(name="solar").replace("s3://", "/")
            ),
            "a cluster cannot reach paths of this machine: dataset /bucket/val",
        ),
        (lambda folder: (folder / "state").write_text("no database"), "cannot keep the waiting versions in"),
    ],
)
def test_what_is_wrong_is_said_before_it_listens(tmp_path, change, message):
    from seatrial.errors import InputError
    from seatrial_pipelines.trigger.serve import Target, serve

    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "solar.yaml").write_text(CONFIG.format(name="solar"))
    (tmp_path / "secret").write_text(SECRET)
    change(tmp_path)
    with pytest.raises(InputError, match=message):
        serve(
            [tmp_path / "solar.yaml"],
            Target("http://127.0.0.1:1", "e", "", "", caching=True),
            address="127.0.0.1",
            port=0,
            secret_file=tmp_path / "secret",
            state=tmp_path / "state",
            most_waiting=1,
        )

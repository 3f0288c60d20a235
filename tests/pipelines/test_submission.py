"""``seatrial submit``: a thin hand-over to Kubeflow's own client."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from seatrial.errors import InputError, ServiceError

CONFIG = """\
model: models:/solar/3
dataset: images:s3://bucket/val
policy: policy.yaml
mlflow: {tracking_uri: http://mlflow:5000, registered_model: solar}
"""
KUBEFLOW = """\
kubeflow:
  pipeline: sharded_post_training
  shards: 24
  processes: 2
  service_account: pipeline-runner
  every:
    secrets: {mlflow: {MLFLOW_TRACKING_PASSWORD: password}}
  tasks:
    evaluate_model:
      accelerators: 2
      memory: 64Gi
      shared_memory: 8Gi
      tolerations: [{key: nvidia.com/gpu, effect: NoSchedule}]
      node_selector: {gpu: h200}
"""
POLICY = "apiVersion: seatrial/v1\nrules: [{id: floor, type: min, metric: accuracy, value: 0.5}]\n"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "seatrial.yaml").write_text(CONFIG)
    return tmp_path / "seatrial.yaml"


@pytest.fixture
def kubeflow():
    """The few answers of a Kubeflow Pipelines API that starting a run needs; keeps what it was sent."""
    received = []

    class Api(BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer({"experiments": []} if "experiments" in self.path else {})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            received.append((self.path.partition("?")[0], body))
            self._answer({"experiment_id": "e1", "run_id": "r1"})

        def _answer(self, value):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """kfp's client keeps its context below the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_run_carries_the_configuration(program, config, kubeflow):
    host, received = kubeflow
    done = program("submit", "--host", host, "--config", config)
    assert done.exit_code == 0, done.exception
    assert done.stdout.splitlines()[-1] == f"submitted  {host}/#/runs/details/r1"
    path, run = received[-1]
    assert path == "/apis/v2beta1/runs"
    given = run["runtime_config"]["parameters"]
    assert given["model"] == "models:/solar/3"
    assert given["baseline"] == "models:/solar@champion"
    assert given["policy"] == POLICY


def _tasks(run):
    spec = run["pipeline_spec"]["pipeline_spec"]
    return spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]


def test_section_kubeflow_says_what_the_pods_get(program, config, kubeflow):
    host, received = kubeflow
    config.write_text(CONFIG + KUBEFLOW)
    done = program("submit", "--host", host, "--config", config)
    assert done.exit_code == 0, done.exception
    run = received[-1][1]
    assert run["service_account"] == "pipeline-runner"
    assert run["runtime_config"]["parameters"]["shards"] == 24
    assert run["runtime_config"]["parameters"]["processes"] == 2
    spec, platform = run["pipeline_spec"]["pipeline_spec"], run["pipeline_spec"]["platform_spec"]
    assert spec["pipelineInfo"]["name"] == "sharded-post-training"
    pod = spec["deploymentSpec"]["executors"]["exec-evaluate-model"]["container"]
    assert pod["resources"]["accelerator"]["resourceCount"] == "2"
    assert pod["resources"]["resourceMemoryLimit"] == "64Gi"
    kubernetes = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert kubernetes["exec-evaluate-model"]["emptyDirMounts"][0]["mountPath"] == "/dev/shm"
    assert kubernetes["exec-evaluate-model"]["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]
    for name in ("exec-evaluate-model", "exec-notify"):
        (secret,) = kubernetes[name]["secretAsEnv"]
        assert secret["secretName"] == "mlflow"


def test_what_the_command_says_goes_before_the_section(program, config, kubeflow):
    host, received = kubeflow
    config.write_text(CONFIG + KUBEFLOW)
    program("submit", "--host", host, "--config", config, "--service-account", "mine", "--no-caching")
    assert received[-1][1]["service_account"] == "mine"
    assert _tasks(received[-1][1])["check-data"]["cachingOptions"] == {}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{tasks: {evaluate_modle: {cpu: 1}}}", "got 'evaluate_modle'; did you mean 'evaluate_model'?"),
        ("{every: {memory: lots}}", "kubeflow.every.memory"),
        ("{every: {gpu: 1}}", "kubeflow.every.gpu: unknown key"),
        ("{pipeline: post_trainnig}", "kubeflow.pipeline"),
        ("{every: {tolerations: [{operator: Equal, value: a}]}}", "the operator Equal needs a key"),
    ],
)
def test_section_that_says_nonsense_is_named(program, config, section, message):
    config.write_text(f"{CONFIG}kubeflow: {section}\n")
    done = program("submit", "--host", "http://127.0.0.1:1", "--config", config)
    assert isinstance(done.exception, InputError)
    assert message in str(done.exception)


@pytest.mark.parametrize(("words", "cached"), [((), True), (("--no-caching",), None)])
def test_gate_is_never_cached(program, config, kubeflow, words, cached):
    host, received = kubeflow
    program("submit", "--host", host, "--config", config, *words)
    tasks = _tasks(received[-1][1])
    assert tasks["evaluate-model"]["cachingOptions"].get("enableCache") is cached
    assert tasks["decide-promotion"]["cachingOptions"] == {}


def test_host_that_does_not_answer_is_one_line(program, config):
    done = program("submit", "--host", "http://127.0.0.1:1", "--config", config)
    assert isinstance(done.exception, ServiceError)
    assert str(done.exception).startswith("Kubeflow Pipelines at http://127.0.0.1:1 does not answer: ")
    assert "\n" not in str(done.exception)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("models:/solar/3", "model.pt2", "model /"),
        ("images:s3://bucket/val", "images:val", "dataset /"),
        ("http://mlflow:5000", "sqlite:///mlflow.db", "mlflow.tracking_uri sqlite:///"),
    ],
)
def test_paths_of_this_machine_are_refused(program, config, old, new, named):
    config.write_text(CONFIG.replace(old, new))
    done = program("submit", "--host", "http://127.0.0.1:1", "--config", config)
    assert isinstance(done.exception, InputError)
    assert f"a cluster cannot reach paths of this machine: {named}" in str(done.exception)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("http://mlflow:5000", "tracking_uri"),
        ("s3://bucket", "dataset"),
    ],
)
def test_passwords_do_not_become_parameters_of_a_run(program, config, kubeflow, line, key):
    host, received = kubeflow
    config.write_text(config.read_text().replace(line, line.replace("://", "://ann:s3cret@")))
    done = program("submit", "--host", host, "--config", config)
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(f"{key}: expected no user, password or token")
    assert "s3cret" not in str(done.exception)
    assert received == []

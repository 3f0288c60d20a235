"""A TrainJob's life against Kubernetes' own paths: a server on a socket that really runs what it is sent."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from kfp import dsl

from seatrial.errors import InputError, ServiceError
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model
from seatrial_components.image import EVALUATION_IMAGE
from seatrial_components.kubernetes_jobs import Jobs
from seatrial_components.readme import load_component
from seatrial_components.resources import Resources
from seatrial_components.trainjob import TrainJob, parse_resources

OPTIONS = {"classes": ["red", "green", "blue"], "preprocess": {"resize": None, "crop": None}}
JOBS = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/team/trainjobs"


class Cluster:
    """Answers create, get and delete of TrainJobs, and runs each node's command as Trainer would."""

    def __init__(self) -> None:
        self.jobs, self.asked, self.fail = {}, [], []
        self.run = self.start_nodes
        cluster = self

        class Api(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                cluster.asked.append((self.command, self.path, body))
                status, value = cluster.answer(self.command, self.path, body)
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.threads = [threading.Thread(target=self.server.serve_forever, args=(0.02,))]
        self.threads[0].start()

    def answer(self, method, path, body):
        if self.fail:
            return self.fail.pop(0), {"message": "told to fail"}
        name = path.removeprefix(JOBS).strip("/")
        if not path.startswith(JOBS):
            return 404, {"message": "404 page not found"}
        if method == "POST":
            if body["metadata"]["name"] in self.jobs:
                return 409, {"message": "already exists"}
            self.jobs[body["metadata"]["name"]] = body
            self.threads.append(threading.Thread(target=self.run, args=(body,)))
            self.threads[-1].start()
            return 201, body
        if name not in self.jobs:
            return 404, {"message": "not found"}
        return 200, self.jobs.pop(name) if method == "DELETE" else self.jobs[name]

    def start_nodes(self, job):
        trainer = job["spec"]["trainer"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        told = {one["name"]: one["value"] for one in trainer["env"]}
        words = [*trainer["command"][1:], *trainer["args"]]
        nodes = [
            subprocess.Popen(
                [sys.executable, "-m", "torch.distributed.run", *words],
                env={
                    **os.environ,
                    **told,
                    "OMP_NUM_THREADS": "1",
                    "PET_NNODES": str(trainer["numNodes"]),
                    "PET_NODE_RANK": str(node),
                    "PET_NPROC_PER_NODE": str(trainer["numProcPerNode"]),
                    "PET_MASTER_ADDR": "127.0.0.1",
                    "PET_MASTER_PORT": str(port),
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for node in range(trainer["numNodes"])
        ]
        failed = [node.wait(120) for node in nodes]
        self.end(job, "Failed" if any(failed) else "Complete", f"nodes ended with {failed}")

    def end(self, job, condition, message=""):
        job["status"] = {"conditions": [{"type": condition, "status": "True", "message": message}]}

    def close(self):
        self.server.shutdown()
        for thread in self.threads:
            thread.join()
        self.server.server_close()


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    one = Cluster()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": f"http://127.0.0.1:{one.server.server_port}"}}],
        "users": [{"name": "me", "user": {"token": "t"}}],
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("SEATRIAL_TRAINJOB_SECONDS", "0.05")
    yield one
    one.close()


def _evaluate(remote, local, bucket, out: Path, **more):
    metrics = dsl.Metrics()
    load_component("evaluate_on_trainjob").python_func(
        model=str(local / "model.onnx"),
        dataset=f"images:{remote}/images",
        results=f"{bucket.uri}/jobs",
        image=EVALUATION_IMAGE,
        options=json.dumps(OPTIONS),
        evaluation=dsl.Dataset(uri=str(out)),
        metrics=metrics,
        namespace="team",
        **more,
    )
    return metrics.metadata


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.timeout(200)
def test_two_machines_give_the_evaluation_of_one_and_leave_no_job(cluster, remote, local, bucket, tmp_path):
    shown = _evaluate(remote, local, bucket, tmp_path / "out", nodes=2, processes=1)
    assert shown == {"images": 18, "failed images": 0, "accuracy": 1.0}
    options = ModelOptions.parse(OPTIONS, "options")
    evaluate_model.run(
        str(local / "model.onnx"), f"images:{remote}/images", tmp_path / "one", options=options
    )
    assert _files(tmp_path / "out") == _files(tmp_path / "one")
    assert cluster.jobs == {}
    assert [method for method, *_ in cluster.asked if method != "GET"] == ["DELETE", "POST", "DELETE"]
    assert not [key for key in bucket.keys("jobs/") if ".ranks/" in key]


def test_job_that_fails_is_an_error_with_its_reason_and_is_deleted(cluster, remote, local, bucket, tmp_path):
    cluster.run = lambda job: cluster.end(job, "Failed", "node-0 was out of memory")
    with pytest.raises(InputError, match=r"TrainJob seatrial-\w{20} failed: node-0 was out of memory"):
        _evaluate(remote, local, bucket, tmp_path / "out")
    assert cluster.jobs == {}
    assert not (tmp_path / "out").exists()


def test_job_of_an_earlier_attempt_is_deleted_first(cluster, remote, local, bucket, tmp_path):
    cluster.run = lambda job: cluster.end(job, "Failed")
    with pytest.raises(InputError):
        _evaluate(remote, local, bucket, tmp_path / "out")
    (left,) = [body for method, _, body in cluster.asked if method == "POST"]
    cluster.jobs[left["metadata"]["name"]] = left
    with pytest.raises(InputError, match="failed"):
        _evaluate(remote, local, bucket, tmp_path / "out")
    assert cluster.jobs == {}


def test_job_that_takes_too_long_is_deleted(cluster, remote, local, bucket, tmp_path):
    cluster.run = lambda job: None
    with pytest.raises(InputError, match="did not end within 1 s"):
        _evaluate(remote, local, bucket, tmp_path / "out", timeout=1)
    assert cluster.jobs == {}


def test_job_that_somebody_deletes_is_said(cluster, remote, local, bucket, tmp_path):
    cluster.run = lambda job: cluster.jobs.pop(job["metadata"]["name"], None)
    with pytest.raises(InputError, match="was deleted while it ran"):
        _evaluate(remote, local, bucket, tmp_path / "out")


def test_task_that_is_stopped_deletes_its_job(cluster, remote, local, bucket, tmp_path):
    cluster.run = lambda job: None
    code = (
        "from seatrial_components.kubernetes_jobs import Jobs, ended_by_signal\n"
        "with ended_by_signal(), Jobs.connected('team').running({'metadata': {'name': 'mine'}}):\n"
        "    Jobs.connected('team').wait('mine', 60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "Created" in line:
            break
    assert "mine" in cluster.jobs
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert cluster.jobs == {}


def test_kubernetes_that_stumbles_is_asked_again(cluster, remote, local, bucket, tmp_path):
    cluster.run = lambda job: cluster.end(job, "Failed")
    cluster.fail = [503, 429]
    with pytest.raises(InputError, match="failed"):
        _evaluate(remote, local, bucket, tmp_path / "out")


def test_missing_right_is_one_line(cluster, remote, local, bucket, tmp_path):
    cluster.fail = [403]
    with pytest.raises(ServiceError, match="Kubernetes refused: 403 .*told to fail"):
        _evaluate(remote, local, bucket, tmp_path / "out")


def test_cluster_without_trainer_is_said(cluster):
    cluster.answer = lambda *_: (404, {"message": "404 page not found"})
    manifest = {"metadata": {"name": "one"}}
    with (
        pytest.raises(ServiceError, match="is Kubeflow Trainer installed"),
        Jobs.connected("team").running(manifest),
    ):
        pass


def test_no_model_starts_no_job(cluster, tmp_path):
    metrics = dsl.Metrics()
    load_component("evaluate_on_trainjob").python_func(
        model="",
        dataset="images:x",
        results="s3://b/r",
        image=EVALUATION_IMAGE,
        evaluation=dsl.Dataset(uri=str(tmp_path / "out")),
        metrics=metrics,
    )
    assert metrics.metadata == {"images": 0}
    assert cluster.asked == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"results": "/tmp/runs"}, "results: expected an address on object storage, e.g. s3://bucket/runs"),
        ({"resources": '{"gpus": 1}'}, "resources: gpus: "),
        ({"resources": "{"}, "resources: "),
        ({"nodes": 0}, "expected at least 1 node"),
    ],
)
def test_argument_that_cannot_be_used_is_named(cluster, given, message, tmp_path):
    arguments = {
        "model": "m",
        "dataset": "images:x",
        "results": "s3://b/r",
        "image": "i:1",
        "namespace": "team",
    } | given
    with pytest.raises(InputError, match=message):
        load_component("evaluate_on_trainjob").python_func(
            **arguments, evaluation=dsl.Dataset(uri=str(tmp_path / "out")), metrics=dsl.Metrics()
        )
    assert cluster.asked == []


def test_manifest_is_what_trainer_takes():
    models = pytest.importorskip(
        "kubeflow_trainer_api.models", reason="Trainer's API models are not installed"
    )
    resources = Resources.model_validate(
        {
            "cpu": 8,
            "memory": "64Gi",
            "accelerators": 4,
            "shared_memory": "16Gi",
            "tolerations": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}],
            "node_selector": {"gpu": "h200"},
            "secrets": {"s3": {"AWS_ACCESS_KEY_ID": "id"}},
            "config_maps": {"s3": {"AWS_ENDPOINT_URL": "endpoint"}},
            "environment": {"NCCL_DEBUG": "WARN"},
            "image_pull_secrets": ["registry"],
            "labels": {"team": "solar"},
        }
    )
    words = ["evaluate-model", "--model=models:/solar/3"]
    told = {"MLFLOW_TRACKING_URI": "http://mlflow"}
    job = TrainJob("seatrial-1", words, 2, 4, "image:1", "torch-distributed", resources, "runner", told, 3600)
    manifest = job.manifest()
    parsed = models.TrainerV1alpha1TrainJob.from_dict(manifest)
    assert json.loads(parsed.to_json()) == manifest, "a field that Trainer's models do not know is dropped"
    node = manifest["spec"]["trainer"]
    assert (node["numNodes"], node["numProcPerNode"]) == (2, 4)
    assert node["resourcesPerNode"]["limits"] == {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "4"}
    assert {"name": "AWS_ACCESS_KEY_ID", "valueFrom": {"secretKeyRef": {"name": "s3", "key": "id"}}} in node[
        "env"
    ]


def test_job_that_asks_for_nothing_patches_nothing():
    job = TrainJob("a", [], 1, 1, "image:1", "torch-distributed", parse_resources(""), "", {}, 60)
    assert set(job.manifest()["spec"]) == {"activeDeadlineSeconds", "runtimeRef", "trainer"}

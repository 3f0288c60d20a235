"""Evaluation by a TrainJob of Kubeflow Trainer: the job's manifest, its life, and its result."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from seatrial.digests import digest_json
from seatrial.errors import InputError
from seatrial.evaluation import EvaluationTable
from seatrial.evaluation.table import WRITTEN
from seatrial.files import atomic_folder
from seatrial.storage import fetched, is_remote
from seatrial_components.evaluation import command
from seatrial_components.evaluation import evaluate as without_model
from seatrial_components.kubernetes_jobs import Jobs, ended_by_signal
from seatrial_components.resources import Resources

__all__ = ["TrainJob", "evaluate", "parse_resources"]

#: Container and replicated job that Trainer's own runtimes run the training in.
_NODE = "node"

_SHARED_MEMORY = "shared-memory"


@dataclass(frozen=True, slots=True)
class TrainJob:
    """What a job is to run, where.

    Attributes:
        name: The job's name.
        words: What ``seatrial`` is started with in every process.
        nodes: Machines.
        processes: Processes of each machine.
        image: Image of the containers.
        runtime: The cluster's training runtime.
        resources: What each machine gets.
        service_account: Account of the pods; empty for the runtime's.
        environment: Variables of the containers.
        timeout: Seconds after which Kubernetes ends the job.
    """

    name: str
    words: Sequence[str]
    nodes: int
    processes: int
    image: str
    runtime: str
    resources: Resources
    service_account: str
    environment: dict[str, str]
    timeout: int

    def manifest(self) -> dict[str, Any]:
        """Write the job as Kubernetes takes it."""
        amount = self._amount()
        trainer = {
            "image": self.image,
            "command": ["torchrun", "-m", "seatrial"],
            "args": list(self.words),
            "env": self._env(),
            "numNodes": self.nodes,
            "numProcPerNode": self.processes,
            **({"resourcesPerNode": {"requests": amount, "limits": amount}} if amount else {}),
        }
        return {
            "apiVersion": "trainer.kubeflow.org/v1alpha1",
            "kind": "TrainJob",
            "metadata": {"name": self.name, "labels": {"app.kubernetes.io/part-of": "seatrial"}},
            "spec": {
                "activeDeadlineSeconds": self.timeout,
                "runtimeRef": {"name": self.runtime},
                "trainer": trainer,
                **self._patches(),
            },
        }

    def _amount(self) -> dict[str, str]:
        given = self.resources
        amount = {"cpu": given.cpu, "memory": given.memory}
        if given.accelerators:
            amount[given.accelerator] = str(given.accelerators)
        return {name: value for name, value in amount.items() if value}

    def _env(self) -> list[dict[str, Any]]:
        plain = {**self.environment, **self.resources.environment}
        variables: list[dict[str, Any]] = [{"name": name, "value": value} for name, value in plain.items()]
        for kind, sources in (
            ("secretKeyRef", self.resources.secrets),
            ("configMapKeyRef", self.resources.config_maps),
        ):
            for source, keys in sources.items():
                for variable, key in keys.items():
                    variables.append({"name": variable, "valueFrom": {kind: {"name": source, "key": key}}})
        return variables

    def _patches(self) -> dict[str, Any]:
        """Patch the runtime's pods, where something is asked for that the trainer has no field for."""
        given = self.resources
        pod: dict[str, Any] = {}
        if self.service_account:
            pod["serviceAccountName"] = self.service_account
        if given.node_selector:
            pod["nodeSelector"] = dict(given.node_selector)
        if given.tolerations:
            pod["tolerations"] = [
                {key: value for key, value in one.model_dump().items() if value} for one in given.tolerations
            ]
        if given.image_pull_secrets:
            pod["imagePullSecrets"] = [{"name": name} for name in given.image_pull_secrets]
        if given.shared_memory:
            volume = {"medium": "Memory", "sizeLimit": given.shared_memory}
            pod["volumes"] = [{"name": _SHARED_MEMORY, "emptyDir": volume}]
            mount = {"name": _SHARED_MEMORY, "mountPath": "/dev/shm"}  # noqa: S108 - the kernel's place
            pod["containers"] = [{"name": _NODE, "volumeMounts": [mount]}]
        metadata = {"labels": dict(given.labels), "annotations": dict(given.annotations)}
        template = {"metadata": {name: one for name, one in metadata.items() if one}, "spec": pod}
        patched = {name: one for name, one in template.items() if one}
        if not patched:
            return {}
        job = {"name": _NODE, "template": {"spec": {"template": patched}}}
        spec = {"template": {"spec": {"replicatedJobs": [job]}}}
        return {"runtimePatches": [{"manager": "seatrial.dev/pipelines", "trainingRuntimeSpec": spec}]}


def evaluate(
    what: dict[str, str],
    out: str,
    *,
    results: str,
    shape: tuple[int, int],
    sizes: tuple[int, int],
    tracking_uri: str,
    image: str,
    runtime: str,
    resources: str,
    service_account: str,
    namespace: str,
    timeout: int,
    identity: list[str],
) -> EvaluationTable | None:
    """Evaluate a model by a TrainJob, or write down that there is none.

    Args:
        what: ``model``, ``dataset``, ``options`` and ``task``.
        out: Folder that the evaluation is written to.
        results: Address on object storage below which the job leaves it.
        shape: Machines, and processes of each.
        sizes: Batch size and threads that decode; 0 lets the step choose.
        tracking_uri: MLflow server; empty for none.
        image: Image of the containers.
        runtime: The cluster's training runtime.
        resources: JSON object of what each machine gets.
        service_account: Account of the pods; empty for the runtime's.
        namespace: Namespace; empty for the task's own.
        timeout: Seconds after which the job is given up.
        identity: What else tells this job from others.

    Returns:
        The evaluation, or None where there is no model.

    Raises:
        InputError: An argument cannot be used, or the job failed.
        ServiceError: Kubernetes or the object store does not answer or refuses.
    """
    if not what["model"]:
        return without_model("", "", out)
    if not is_remote(results):
        raise InputError(
            f"results: expected an address on object storage, e.g. s3://bucket/runs, got {results!r}"
        )
    if min(shape) < 1 or timeout < 1:
        raise InputError(f"expected at least 1 node, process and second, got {(*shape, timeout)}")
    name = "seatrial-" + digest_json([what, results, identity]).removeprefix("sha256:")[:20]
    place = f"{results.rstrip('/')}/{name}"
    words = command(
        what["model"],
        what["dataset"],
        place,
        options=what["options"],
        task=what["task"],
        batch_size=sizes[0],
        workers=sizes[1],
    )
    told = {"MLFLOW_TRACKING_URI": tracking_uri} if tracking_uri else {}
    job = TrainJob(
        name, words, *shape, image, runtime, parse_resources(resources), service_account, told, timeout
    )
    jobs = Jobs.connected(namespace)
    with ended_by_signal(), jobs.running(job.manifest()):
        jobs.wait(name, timeout)
        sys.stderr.write(f"evaluate: the evaluation is at {place}\n")
    with fetched(place) as folder:
        table = EvaluationTable.read(folder)
        with atomic_folder(Path(out), WRITTEN) as target:
            shutil.copytree(folder, target, dirs_exist_ok=True)
    return table


def parse_resources(text: str) -> Resources:
    """Read resources from JSON text; empty text asks for nothing.

    Raises:
        InputError: It is not valid.
    """
    try:
        return Resources.model_validate_json(text or "{}")
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"resources: {where + ': ' if where else ''}{fault['msg']}") from error

"""Where a run comes from, as tags: the Kubeflow run, pod, namespace, pipeline and image.

MLflow asks every installed provider (entry-point group ``mlflow.run_context_provider``) when a program calls
``mlflow.start_run``; ``publish_run`` asks this one itself. So a training run and the evaluations of its model
carry the same ``kubeflow.run_id``, without a line in the training code.
"""

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["KubeflowContext", "context_tags"]

#: Environment variables that name each part, the first one set wins. The launcher of Kubeflow Pipelines sets
#: those of pod and namespace; run, pipeline and image are set by a pipeline's author (from the pod's labels).
_VARIABLES = {
    "kubeflow.run_id": ("KFP_RUN_ID", "ARGO_WORKFLOW_UID"),
    "kubeflow.pipeline": ("KFP_PIPELINE_NAME",),
    "kubeflow.pod": ("KFP_POD_NAME", "POD_NAME"),
    "kubeflow.namespace": ("KFP_NAMESPACE", "NAMESPACE", "POD_NAMESPACE"),
    "kubeflow.image": ("SEATRIAL_IMAGE",),
}
# any of these says that this is a pod of a pipeline; a namespace or an image alone does not
_EVIDENCE = ("KFP_RUN_ID", "KFP_POD_NAME", "KFP_PIPELINE_NAME")
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def context_tags(
    environment: Mapping[str, str] | None = None, namespace_file: Path = _NAMESPACE_FILE
) -> dict[str, str]:
    """Give the tags of this process; none outside Kubeflow Pipelines.

    Args:
        environment: Variables to read; by default this process's.
        namespace_file: Where Kubernetes mounts the namespace, used where no variable names it.
    """
    given = os.environ if environment is None else environment
    if not any(given.get(name) for name in _EVIDENCE):
        return {}
    found = {
        tag: next((given[name] for name in names if given.get(name)), "") for tag, names in _VARIABLES.items()
    }
    if not found["kubeflow.namespace"] and namespace_file.is_file():
        found["kubeflow.namespace"] = namespace_file.read_text(encoding="utf-8").strip()
    return {tag: value for tag, value in found.items() if value}


class KubeflowContext:
    """MLflow's run context provider; MLflow asks for these two methods and no base class."""

    def in_context(self) -> bool:
        """Tell whether this process runs in a pod of Kubeflow Pipelines."""
        return bool(context_tags())

    def tags(self) -> dict[str, str]:
        """Give the tags for the run that is about to start."""
        return context_tags()

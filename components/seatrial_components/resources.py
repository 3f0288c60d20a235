"""What the pods of a task ask for, where they may run, how long, how often again, and what they are told.

A pipeline says what is done; :class:`Cluster` says with what. It is laid over a pipeline when that is
compiled or submitted (:func:`on_cluster`), so no pipeline names a GPU, a toleration or a secret.
"""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from seatrial.spelling import one_of
from seatrial_components.names import COMPONENTS

__all__ = ["Cluster", "Resources", "Toleration", "apply", "on_cluster"]

_Cpu = Annotated[str, Field(pattern=r"^([0-9]+(\.[0-9]+)?|[0-9]+m)$")]
_Bytes = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?([EPTGMK]i?)?$")]
_SHARED_MEMORY = "shared-memory"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Toleration(_Strict):
    """A taint that does not keep the pods from a node.

    Attributes:
        key: The taint's key; empty with ``Exists`` means every taint.
        operator: ``Exists``, or ``Equal`` with a value.
        value: The taint's value.
        effect: The taint's effect; empty means every one.
    """

    key: str = ""
    operator: Literal["Exists", "Equal"] = "Exists"
    value: str = ""
    effect: Literal["", "NoSchedule", "PreferNoSchedule", "NoExecute"] = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.operator == "Exists" and self.value:
            raise ValueError("a value belongs to the operator Equal")
        if self.operator == "Equal" and not self.key:
            raise ValueError("the operator Equal needs a key")
        return self


class Resources(_Strict):
    """What the pods of a task get. Everything that is not set is left to the cluster.

    Attributes:
        cpu: Cores, as request and as limit, e.g. ``4`` or ``500m``.
        memory: Memory, as request and as limit, e.g. ``16Gi``.
        accelerator: Name of the resource that is a GPU.
        accelerators: GPUs.
        shared_memory: Size of ``/dev/shm``, e.g. ``8Gi``, where 64 MB are too small; counts as memory.
        node_selector: Labels that the nodes carry.
        tolerations: Taints that do not keep the pods away.
        timeout: Seconds after which a pod is ended; 0: never.
        retries: How often a task that fails is started again.
        backoff: Seconds before the first retry; each further one waits twice as long.
        longest_backoff: Most seconds before a retry.
        environment: Variables.
        secrets: Variables from secrets: name of the secret, then its key by the variable's name.
        secret_files: Folders in which a secret's keys are files: name of the secret, then the folder.
        config_maps: Variables from config maps, as from secrets.
        image_pull_secrets: Secrets with which the image is pulled.
        labels: Labels of the pods, e.g. those that the identity of a workload needs.
        annotations: Annotations of the pods.
    """

    cpu: _Cpu | None = None
    memory: _Bytes | None = None
    accelerator: str = "nvidia.com/gpu"
    accelerators: Annotated[int, Field(ge=0, le=64)] = 0
    shared_memory: _Bytes | None = None
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    timeout: Annotated[int, Field(ge=0)] = 0
    retries: Annotated[int, Field(ge=0, le=20)] = 0
    backoff: Annotated[int, Field(ge=0)] = 30
    longest_backoff: Annotated[int, Field(ge=0)] = 600
    environment: dict[str, str] = {}
    secrets: dict[str, dict[str, str]] = {}
    secret_files: dict[str, str] = {}
    config_maps: dict[str, dict[str, str]] = {}
    image_pull_secrets: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}

    def over(self, under: "Resources") -> "Resources":
        """Give these, and where they are not set those ``under`` them; mappings are joined."""
        fields: dict[str, Any] = {}
        for name in type(self).model_fields:
            above, below = getattr(self, name), getattr(under, name)
            if isinstance(above, Mapping):
                fields[name] = {**below, **above}
            else:
                fields[name] = above if name in self.model_fields_set else below
        return Resources.model_validate(fields)


#: What components that run a model get unless something else is said: they are what is worth starting again.
_EVALUATION = Resources(cpu="4", memory="16Gi", retries=2)

#: What every component gets unless something else is said; a namespace with a quota refuses pods without.
_ANY = Resources(cpu="1", memory="4Gi", timeout=24 * 3600)

_DEFAULTS: dict[str, Resources] = {
    "evaluate_model": _EVALUATION,
    "embed": _EVALUATION,
    "explain_errors": _EVALUATION,
    "merge_shards": Resources(retries=2),
    "plan_shards": Resources(retries=2),
    "resolve_inputs": Resources(retries=2),
    "check_data": Resources(cpu="2", memory="8Gi", retries=2),
    "find_blind_spots": Resources(cpu="2", memory="8Gi"),
    "measure_slices": Resources(cpu="2", memory="8Gi"),
    "render_report": Resources(memory="8Gi"),
    "notify": Resources(timeout=600),
}


class Cluster(_Strict):
    """What a cluster gives to each component.

    Attributes:
        every: For all components.
        tasks: For one component, by its name; goes before ``every``.
    """

    every: Resources = Resources()
    tasks: dict[str, Resources] = {}

    @field_validator("tasks")
    @classmethod
    def _known(cls, given: dict[str, Resources]) -> dict[str, Resources]:
        for name in given:
            if name not in COMPONENTS:
                raise ValueError(one_of(name, COMPONENTS, "a component"))
        return given

    def resources(self, component: str) -> Resources:
        """Give what a component's pods get: its own, over everybody's, over Seatrial's defaults."""
        usual = _DEFAULTS.get(component, Resources()).over(_ANY)
        return self.tasks.get(component, Resources()).over(self.every.over(usual))


def apply(task: Any, resources: Resources) -> Any:
    """Let a task of a pipeline have resources.

    Args:
        task: What calling a component in a pipeline gives.
        resources: What its pods get.

    Returns:
        The task.
    """
    from kfp import kubernetes

    if resources.cpu:
        task.set_cpu_request(resources.cpu).set_cpu_limit(resources.cpu)
    if resources.memory:
        task.set_memory_request(resources.memory).set_memory_limit(resources.memory)
    if resources.accelerators:
        task.set_accelerator_type(resources.accelerator).set_accelerator_limit(resources.accelerators)
    if resources.shared_memory:
        kubernetes.empty_dir_mount(
            task,
            _SHARED_MEMORY,
            "/dev/shm",  # noqa: S108 - where the kernel has it, and a volume for this pod alone
            medium="Memory",
            size_limit=resources.shared_memory,
        )
    for label, value in resources.node_selector.items():
        kubernetes.add_node_selector(task, label, value)
    for one in resources.tolerations:
        kubernetes.add_toleration(task, one.key or None, one.operator, one.value or None, one.effect or None)
    if resources.timeout:
        kubernetes.set_timeout(task, resources.timeout)
    if resources.retries:
        task.set_retry(
            resources.retries,
            backoff_duration=f"{resources.backoff}s",
            backoff_factor=2.0,
            backoff_max_duration=f"{resources.longest_backoff}s",
        )
    return _told(task, resources)


def _told(task: Any, resources: Resources) -> Any:
    """Set variables, secrets, labels and annotations."""
    from kfp import kubernetes

    for name, value in resources.environment.items():
        task.set_env_variable(name, value)
    for secret, variables in resources.secrets.items():
        for variable, key in variables.items():
            kubernetes.use_secret_as_env(task, secret, {key: variable})
    for secret, folder in resources.secret_files.items():
        kubernetes.use_secret_as_volume(task, secret, folder)
    for config_map, variables in resources.config_maps.items():
        for variable, key in variables.items():
            kubernetes.use_config_map_as_env(task, config_map, {key: variable})
    if resources.image_pull_secrets:
        kubernetes.set_image_pull_secrets(task, list(resources.image_pull_secrets))
    for name, value in resources.labels.items():
        kubernetes.add_pod_label(task, name, value)
    for name, value in resources.annotations.items():
        kubernetes.add_pod_annotation(task, name, value)
    return task


def on_cluster(pipeline: Any, cluster: Cluster, *, caching: bool = True) -> Any:
    """Give the same pipeline with what a cluster has for each of its tasks.

    Args:
        pipeline: What ``@dsl.pipeline`` made. Pipelines that are nested in it keep what they were given.
        cluster: The cluster.
        caching: False switches caching off in every task; kfp's own option reaches the outermost ones only.
            True leaves what the pipeline says: some tasks are never to be cached.
    """
    from kfp import dsl
    from kfp.dsl.pipeline_context import Pipeline

    function = pipeline.pipeline_func

    @functools.wraps(function)
    def equipped(*arguments: Any, **named: Any) -> Any:
        outputs = function(*arguments, **named)
        for task in Pipeline.get_default_pipeline().tasks.values():
            if task.container_spec is not None:
                name = task.component_spec.name.replace("-", "_")
                apply(task, cluster.resources(name))
            if not caching:
                task.set_caching_options(enable_caching=False)
        return outputs

    return dsl.pipeline(equipped, name=pipeline.name)

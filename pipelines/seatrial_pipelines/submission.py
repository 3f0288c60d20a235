"""Hand a run over to Kubeflow Pipelines."""

import warnings
from pathlib import Path
from typing import Any

from seatrial.errors import InputError, ServiceError
from seatrial.gates.composition import portable_policy
from seatrial.secrets import holds_secret
from seatrial_components.resources import on_cluster
from seatrial_pipelines.config import RunConfig

__all__ = ["submission_arguments", "submit_run"]


def submit_run(
    config: RunConfig,
    host: str,
    *,
    experiment: str | None = None,
    namespace: str | None = None,
    service_account: str | None = None,
    caching: bool | None = None,
) -> str:
    """Start the pipeline that the section ``kubeflow`` names on Kubeflow.

    Args:
        config: What to judge, and what the pods get.
        host: Address of the Kubeflow Pipelines API.
        experiment: Kubeflow experiment; None for the configuration's, as with the others.
        namespace: Namespace on multi-user Kubeflow; empty for the default.
        service_account: Account that the pods run as; empty for the default.
        caching: Let Kubeflow reuse results.

    Returns:
        The run's address.

    Raises:
        InputError: The policy is not valid, or an input is a path of this machine.
        ServiceError: Kubeflow does not answer, or refuses.
    """
    arguments = submission_arguments(config)
    import kfp
    from kfp_server_api import ApiException
    from urllib3.exceptions import HTTPError

    from seatrial_pipelines.compilation import PIPELINES

    section = config.kubeflow
    given: dict[str, str | bool | None] = {
        "experiment": experiment,
        "namespace": namespace,
        "service_account": service_account,
        "caching": caching,
    }
    section = section.model_copy(update={name: one for name, one in given.items() if one is not None})
    try:
        with warnings.catch_warnings():
            # kfp warns that it is not made for version 1
            warnings.filterwarnings("ignore", message="This client only works", category=FutureWarning)
            client = kfp.Client(host=host, namespace=section.namespace or "kubeflow")
        started = client.create_run_from_pipeline_func(
            on_cluster(PIPELINES[section.pipeline], section, caching=section.caching),
            arguments=arguments,
            experiment_name=section.experiment,
            namespace=section.namespace or None,
            service_account=section.service_account or None,
        )
    except ApiException as error:
        raise ServiceError(f"Kubeflow Pipelines at {host} refused: {error.status} {error.reason}") from error
    except (HTTPError, OSError, ValueError) as error:
        raise ServiceError(f"Kubeflow Pipelines at {host} does not answer: {error}") from error
    return f"{host.rstrip('/')}/#/runs/details/{started.run_id}"


def submission_arguments(config: RunConfig) -> dict[str, Any]:
    """Give the arguments with which the pipeline is started on a cluster.

    Raises:
        InputError: The policy is not valid, or an input is a path of this machine or holds a password.
    """
    policy, text = portable_policy(Path(config.policy))
    arguments = config.arguments(text, policy.baseline.alias)
    _check_reachable(arguments)
    section = config.kubeflow
    sharded = {"shards": section.shards} if section.pipeline == "sharded_post_training" else {}
    return {**arguments, "processes": section.processes, **sharded}


def _check_reachable(arguments: dict[str, str]) -> None:
    """Refuse what a pod cannot see (a path of this machine, a database file) and what nobody should.

    Raises:
        InputError: There is one; the message names them all.
    """
    secret = [key for key, value in arguments.items() if key != "policy" and holds_secret(value)]
    if secret:
        raise InputError(
            f"{', '.join(secret)}: expected no user, password or token in an address: everybody who sees "
            "the run sees it; give the pods a secret, e.g. MLFLOW_TRACKING_USERNAME and …_PASSWORD"
        )
    paths = {
        "model": arguments["model"],
        "baseline": arguments["baseline"],
        "dataset": arguments["dataset"].partition(":")[2],
        "reference": arguments["reference"].partition(":")[2],
    }
    local = [f"{key} {path}" for key, path in paths.items() if path and not _is_address(path)]
    if arguments["tracking_uri"].startswith("sqlite:"):
        local.append(f"mlflow.tracking_uri {arguments['tracking_uri']}")
    if local:
        raise InputError(f"a cluster cannot reach paths of this machine: {'; '.join(local)}")


def _is_address(text: str) -> bool:
    return "://" in text or text.startswith(("runs:/", "models:/", "python:"))

"""Put the service together from configurations and run it."""

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seatrial.errors import InputError, MissingExtraError
from seatrial.files import read_text
from seatrial_pipelines.config import RunConfig
from seatrial_pipelines.submission import submission_arguments, submit_run
from seatrial_pipelines.trigger.backlog import Backlog, Waiting
from seatrial_pipelines.trigger.launcher import Launcher

__all__ = ["SECRET", "Target", "serve"]

#: Environment variable of the webhook's secret.
SECRET = "SEATRIAL_WEBHOOK_SECRET"  # noqa: S105 - the name of the variable that holds it

# connections beyond these are answered 503 at once, so that a flood takes no memory
_MOST_CONNECTIONS = 200
_SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True)
class Target:
    """Where pipelines are started.

    Attributes:
        kubeflow: Address of the Kubeflow Pipelines API.
        experiment: Kubeflow experiment; None for the configuration's, as with the others.
        namespace: Namespace on multi-user Kubeflow; empty for the default.
        service_account: Account that the pods run as; empty for the default.
        caching: Let Kubeflow reuse results.
    """

    kubeflow: str
    experiment: str | None = None
    namespace: str | None = None
    service_account: str | None = None
    caching: bool | None = None

    def start(self, config: RunConfig, model: str) -> str:
        """Start the pipeline of a configuration for another model, and give the run's address."""
        return submit_run(
            _for_model(config, model),
            self.kubeflow,
            experiment=self.experiment,
            namespace=self.namespace,
            service_account=self.service_account,
            caching=self.caching,
        )


def serve(
    configs: Sequence[Path],
    target: Target,
    *,
    address: str,
    port: int,
    secret_file: Path | None,
    state: Path | None,
    most_waiting: int,
) -> None:
    """Run the service until it is told to stop.

    Args:
        configs: One ``seatrial.yaml`` for each registered model.
        target: Where pipelines are started.
        address: Address to listen on.
        port: Port to listen on.
        secret_file: File of the webhook's secrets, one a line; None for ``SEATRIAL_WEBHOOK_SECRET``.
        state: File that keeps what waits over a restart; None for memory.
        most_waiting: Versions that may wait.

    Raises:
        InputError: A configuration, its policy or the secret cannot be used.
        MissingExtraError: FastAPI or uvicorn is not installed.
    """
    try:
        import uvicorn

        from seatrial_pipelines.trigger.service import create_app
    except ImportError as error:
        raise MissingExtraError(error.name or "fastapi", "trigger") from error
    by_model = _by_model(configs)
    secrets = _secrets(secret_file)
    backlog = Backlog(state, most_waiting=most_waiting)

    def start(waiting: Waiting) -> str:
        return target.start(by_model[waiting.name], waiting.uri)

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    app = create_app(secrets, by_model.keys(), backlog, Launcher(backlog, start))
    uvicorn.run(
        app,
        host=address,
        port=port,
        log_config=None,
        access_log=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        server_header=False,
    )


def _by_model(configs: Sequence[Path]) -> dict[str, RunConfig]:
    found: dict[str, RunConfig] = {}
    for path in configs:
        config = RunConfig.load(path)
        name = config.mlflow.registered_model
        if not name:
            raise InputError(f"{path}: expected mlflow.registered_model: its new versions start the pipeline")
        if name in found:
            raise InputError(f"{path}: there is a configuration for {name!r} already")
        submission_arguments(_for_model(config, f"models:/{name}/1"))  # what is wrong is said now
        found[name] = config
    return found


def _for_model(config: RunConfig, model: str) -> RunConfig:
    return config.model_copy(update={"model": config.model.model_copy(update={"uri": model})})


def _secrets(file: Path | None) -> list[bytes]:
    text = os.environ.get(SECRET, "") if file is None else read_text(file, "secret")
    secrets = [line.strip() for line in text.splitlines() if line.strip()]
    where = SECRET if file is None else str(file)
    if not secrets or min(map(len, secrets)) < _SHORTEST_SECRET:
        raise InputError(f"{where}: expected the webhook's secret, {_SHORTEST_SECRET} characters or more")
    return [secret.encode() for secret in secrets]

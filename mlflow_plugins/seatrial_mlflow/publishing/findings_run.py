"""A run without a model: what a step found in data, once however often it is published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import __version__
from seatrial.progress import progress
from seatrial_mlflow.connection import connected
from seatrial_mlflow.publish_run import PublishedRun, find_experiment, run_url
from seatrial_mlflow.publishing.evaluation_run import claim
from seatrial_mlflow.publishing.publisher import again
from seatrial_mlflow.run_context import context_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["Findings", "Part", "log_folder", "publish_findings"]

Part = Callable[["MlflowClient", "Run"], object]
"""What logs one more thing to the run."""

_LONGEST = 500  # MLflow's limit on a parameter's value


@dataclass(frozen=True)
class Findings:
    """What the run says.

    Attributes:
        name: The run's name.
        key: Tag that tells these findings from all others: its name and value.
        metrics: Value by name.
        params: Value by name; those that the run has already stay.
        tags: Beside the key and where the run comes from.
    """

    name: str
    key: tuple[str, str]
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]


def publish_findings(
    findings: Findings,
    parts: Sequence[Part],
    *,
    experiment: str | None,
    parent_run: str | None,
    tracking_uri: str | None,
) -> PublishedRun:
    """Make the run of the findings, or complete it where it is there.

    Args:
        findings: What it says.
        parts: What else is logged to it, one after the other.
        experiment: Experiment by name; None for the environment's, else ``seatrial``.
        parent_run: Run to nest under; None for none.
        tracking_uri: MLflow server; None for the environment's.

    Raises:
        InputError: The run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    tags = {
        **context_tags(),
        findings.key[0]: findings.key[1],
        "seatrial.version": __version__,
        **findings.tags,
    }
    params = {name: value[:_LONGEST] for name, value in findings.params.items()}
    with connected(tracking_uri) as client:
        if parent_run is not None:
            where = str(client.get_run(parent_run).info.experiment_id)
        else:
            where = find_experiment(client, experiment)
        run, created = claim(client, where, findings.key, parent=parent_run, name=findings.name)
        with progress("publish", 1 + len(parts), "parts") as advance:
            _log_values(client, run, findings.metrics, params, tags)
            advance(1)
            for part in parts:
                part(client, run)
                advance(1)
        if run.info.status != "FINISHED":  # or else its end would move
            client.set_terminated(run.info.run_id, "FINISHED")
        url = run_url(client.tracking_uri, where, run.info.run_id)
    logged = {"run": findings.name, "tags": tags, "metrics": findings.metrics, "params": params}
    return PublishedRun(run.info.run_id, parent_run, url, created, len(findings.metrics), 0, logged)


def log_folder(folder: Path, name: str) -> Part:
    """Give the part that logs a whole folder below ``name``."""
    return lambda client, run: client.log_artifacts(run.info.run_id, str(folder), name)


def _log_values(
    client: "MlflowClient",
    run: "Run",
    metrics: dict[str, float],
    params: dict[str, str],
    tags: dict[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    def log() -> None:
        known = client.get_run(run.info.run_id).data.params
        client.log_batch(
            run.info.run_id,
            # the run's own start makes a second publication the same rows, not more of them
            metrics=[Metric(name, value, run.info.start_time, 0) for name, value in metrics.items()],
            params=[Param(name, value) for name, value in params.items() if name not in known],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )

    again(log)

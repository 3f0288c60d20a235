"""The step ``publish_edge_cases``: what is to be labelled next becomes a run in MLflow, without a model.

Publishing the same batch again finds its run by the tag ``seatrial.edge_cases_digest`` and completes it.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial import __version__
from seatrial.digests import digest_file
from seatrial.files import read_json, read_text
from seatrial.progress import progress
from seatrial_mlflow.connection import connected
from seatrial_mlflow.publish_run import PublishedRun, find_experiment, run_url
from seatrial_mlflow.publishing.evaluation_run import claim
from seatrial_mlflow.publishing.publisher import again
from seatrial_mlflow.run_context import context_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["run"]

_DIGEST = "seatrial.edge_cases_digest"
_LONGEST = 500


def run(
    edge_cases: Path,
    *,
    blind_spots: Path | None = None,
    experiment: str | None = None,
    parent_run: str | None = None,
    tracking_uri: str | None = None,
) -> PublishedRun:
    """Publish what was mined.

    The run gets ``edge_cases/…`` as metrics (failures, groups, pool, chosen, left out), what to do next as
    its description, and the whole folder below ``edge_cases``; that of the blind spots below ``blind_spots``.

    Args:
        edge_cases: Folder that ``mine-edge-cases`` wrote.
        blind_spots: Folder that ``find-blind-spots`` wrote.
        experiment: Experiment by name; by default what ``MLFLOW_EXPERIMENT_ID`` or
            ``MLFLOW_EXPERIMENT_NAME`` names, else ``seatrial``.
        parent_run: Run to nest under; None for none.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.

    Raises:
        InputError: The folder, the run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    report = read_json(edge_cases / "mining.json", "mine-edge-cases writes it")
    tags = {
        **context_tags(),
        # the same numbers can come of another choice: the queue decides
        _DIGEST: digest_file(edge_cases / "labelling_queue.parquet"),
        "seatrial.version": __version__,
        "mlflow.note.content": read_text(edge_cases / "next_steps.md"),
    }
    with connected(tracking_uri) as client:
        if parent_run is not None:
            where = str(client.get_run(parent_run).info.experiment_id)
        else:
            where = find_experiment(client, experiment)
        name = f"edge cases of {report['pool']['dataset']}"
        target, created = claim(client, where, (_DIGEST, tags[_DIGEST]), parent=parent_run, name=name)
        metrics = _metrics(report)
        with progress("publish", 3, "parts") as advance:
            _log_values(client, target, metrics, _params(report), tags)
            advance(1)
            client.log_artifacts(target.info.run_id, str(edge_cases), "edge_cases")
            advance(1)
            if blind_spots is not None:
                client.log_artifacts(target.info.run_id, str(blind_spots), "blind_spots")
            advance(1)
        if target.info.status != "FINISHED":  # or else its end would move
            client.set_terminated(target.info.run_id, "FINISHED")
        url = run_url(client.tracking_uri, where, target.info.run_id)
    logged: dict[str, Any] = {"run": name, "tags": tags, "metrics": metrics, "params": _params(report)}
    return PublishedRun(target.info.run_id, parent_run, url, created, len(metrics), 0, logged)


def _metrics(report: dict[str, Any]) -> dict[str, float]:
    values = {
        "failures": report["evaluation"]["failures"],
        "groups": len(report["groups"]),
        "pool": report["pool"]["images"],
        "chosen": report["chosen"],
        "left_out": sum(report["left_out"].values()),
    }
    return {f"edge_cases/{name}": float(value) for name, value in values.items()}


def _params(report: dict[str, Any]) -> dict[str, str]:
    found = {
        f"evaluation.{name}": report["evaluation"][name] for name in ("model", "dataset", "dataset_digest")
    }
    found |= {f"pool.{name}": report["pool"][name] for name in ("dataset", "dataset_digest", "embedded_by")}
    return {name: str(value)[:_LONGEST] for name, value in found.items()}


def _log_values(
    client: "MlflowClient",
    target: "Run",
    metrics: dict[str, float],
    params: dict[str, str],
    tags: dict[str, str],
) -> None:
    from mlflow.entities import Metric, Param, RunTag

    run_id = target.info.run_id
    known = client.get_run(run_id).data.params
    again(
        partial(
            client.log_batch,
            run_id,
            # the run's own start makes a second publication the same rows, not more of them
            metrics=[Metric(name, value, target.info.start_time, 0) for name, value in metrics.items()],
            params=[Param(name, value) for name, value in params.items() if name not in known],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
    )

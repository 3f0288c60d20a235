"""The step ``publish_run``: a verdict with everything behind it becomes a run in MLflow.

The run is nested under the training run. Publishing the same verdict again finds its run by the tag
``seatrial.verdict_digest`` and completes it, so a step that was killed is simply run again, and two steps
that publish it at the same moment make one run.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import InputError
from seatrial.files import write_json
from seatrial.progress import progress
from seatrial.secrets import without_secrets
from seatrial_mlflow.connection import connected, is_absent, is_mlflow_uri
from seatrial_mlflow.model_reference import ModelReference, resolve
from seatrial_mlflow.publishing.budget import KEY_BUDGET
from seatrial_mlflow.publishing.evaluation_run import claim
from seatrial_mlflow.publishing.offline import Request, read_publication, write_publication
from seatrial_mlflow.publishing.publication import VERDICT_DIGEST, Publication, Sources, prepare
from seatrial_mlflow.publishing.publisher import describe_candidate, log_artifacts, log_inputs, log_values
from seatrial_mlflow.run_context import context_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = [
    "DEFAULT_EXPERIMENT",
    "EXPERIMENT_TAGS",
    "PublishedRun",
    "find_experiment",
    "replay",
    "run",
    "run_url",
]

#: Experiment of evaluations whose training run is not known.
DEFAULT_EXPERIMENT = "seatrial"

#: Tell MLflow's pages to show an experiment's training runs first, not traces.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}

_PIPELINE_RUN = "seatrial.pipeline_run"
_EVALUATION_RUN = "seatrial.evaluation_run"


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """What was published.

    Attributes:
        run_id: The evaluation run; empty in a dry run and offline.
        parent_run: The run that it is nested under; None where there is none.
        url: Where a browser shows it; empty where the store has no web page.
        created: Whether the run is new; False where this verdict had been published before.
        metrics: Metric keys logged.
        left_out: Numbers that are in the table of slices only.
        logged: Everything that was (or would be) logged but the table's rows.
    """

    run_id: str
    parent_run: str | None
    url: str
    created: bool
    metrics: int
    left_out: int
    logged: dict[str, Any]


def run(
    verdict: Path,
    slices: Path,
    *,
    quality: Path | None = None,
    report: Path | None = None,
    evaluation: Path | None = None,
    policy: Path | None = None,
    blind_spots: Path | None = None,
    figures: Path | None = None,
    dataset: str | None = None,
    parent_run: str | None = None,
    experiment: str | None = None,
    tracking_uri: str | None = None,
    key_budget: int = KEY_BUDGET,
    dry_run: bool = False,
    offline: Path | None = None,
    out: Path | None = None,
) -> PublishedRun:
    """Publish a verdict.

    Args:
        verdict: Folder that ``decide_promotion`` wrote, or its ``verdict.json``.
        slices: Folder that ``measure_slices`` wrote.
        quality: Folder that ``check_data`` wrote.
        report: HTML file that ``render_report`` wrote.
        evaluation: The candidate's evaluation folder; its header is published, not its samples.
        policy: The policy file.
        blind_spots: Folder that ``find_blind_spots`` wrote.
        figures: Folder of PNG figures that ``render_report`` wrote.
        dataset: Specification of the data set, shown as its source.
        parent_run: Run to nest under. By default the run that logged the candidate, else the run that
            Kubeflow Pipelines names in ``MLFLOW_RUN_ID``, else none.
        experiment: Experiment by name, for a run without a parent; a nested run is in its parent's. By
            default what ``MLFLOW_EXPERIMENT_ID`` or ``MLFLOW_EXPERIMENT_NAME`` names, else ``seatrial``.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        key_budget: Most metric keys; the other numbers are in the table of slices.
        dry_run: Connect to nothing and log nothing.
        offline: Connect to nothing; write what would be logged into this folder, for :func:`replay`.
        out: JSON file that says what was (or would be) logged.

    Raises:
        InputError: A result, the run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    sources = Sources(verdict, slices, quality, report, evaluation, policy, blind_spots, figures)
    prepared = prepare(sources, dataset=dataset, key_budget=key_budget)
    request = Request(parent_run, experiment, os.environ.get("MLFLOW_RUN_ID") or None)
    pipeline = {} if request.pipeline_run is None else {_PIPELINE_RUN: request.pipeline_run}
    publication = replace(prepared, tags={**prepared.tags, **context_tags(), **pipeline})
    if dry_run or offline is not None:
        published = _published(publication, "", parent_run, "", created=False)
        if offline is not None and not dry_run:
            write_publication(offline, publication, request)
    else:
        with connected(tracking_uri) as client:
            published = _publish(client, publication, request)
    _say(published, out, dry_run=dry_run or offline is not None)
    return published


def replay(folder: Path, *, tracking_uri: str | None = None, out: Path | None = None) -> PublishedRun:
    """Publish what :func:`run` wrote offline, as it would have been published there and then.

    Args:
        folder: What ``run(…, offline=folder)`` wrote.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        out: JSON file that says what was logged.

    Raises:
        InputError: The folder is not whole or was changed, or the run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    publication, request = read_publication(folder)
    with connected(tracking_uri) as client:
        published = _publish(client, publication, request)
    _say(published, out, dry_run=False)
    return published


def _say(published: PublishedRun, out: Path | None, *, dry_run: bool) -> None:
    if out is not None:
        where = {"run_id": published.run_id, "parent_run": published.parent_run, "url": published.url}
        write_json(out, {**published.logged, **where, "dry_run": dry_run})


def _published(
    publication: Publication, run_id: str, parent_run: str | None, url: str, *, created: bool
) -> PublishedRun:
    metrics = len(publication.model_metrics) + len(publication.run_metrics)
    return PublishedRun(
        run_id, parent_run or None, url, created, metrics, publication.left_out, publication.to_json()
    )


def _publish(client: "MlflowClient", publication: Publication, request: Request) -> PublishedRun:
    candidate = publication.subject.candidate
    model = resolve(client, candidate) if is_mlflow_uri(candidate) else None
    parent = _parent(client, request, model)
    experiment_id = (
        find_experiment(client, request.experiment) if parent is None else str(parent.info.experiment_id)
    )
    parent_id = None if parent is None else parent.info.run_id
    key = (VERDICT_DIGEST, publication.tags[VERDICT_DIGEST])
    target, created = claim(client, experiment_id, key, parent=parent_id, name=publication.name)
    run_id = target.info.run_id
    with progress("publish", len(publication.artifacts) + 2, "parts") as advance:
        log_inputs(client, run_id, publication, model)
        log_values(client, target, publication, model)
        advance(1)
        for _ in log_artifacts(client, run_id, publication):
            advance(1)
        describe_candidate(client, publication, model)
        if request.pipeline_run is not None:
            _attach(client, request.pipeline_run, run_id)
        if target.info.status != "FINISHED":  # or else its end would move
            client.set_terminated(run_id, "FINISHED")
    url = run_url(client.tracking_uri, experiment_id, run_id)
    return _published(publication, run_id, parent_id, url, created=created)


def _parent(client: "MlflowClient", request: Request, model: ModelReference | None) -> "Run | None":
    from mlflow.exceptions import MlflowException

    trained = None if model is None else model.run_id
    run_id = request.parent_run or trained or request.pipeline_run
    if not run_id:
        return None
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if is_absent(error) and not request.parent_run:
            return None  # the training run was deleted
        if is_absent(error):
            raise InputError(f"parent run {run_id}: there is no such run in MLflow") from error
        raise


def find_experiment(client: "MlflowClient", name: str | None) -> str:
    """Give the experiment that a name or the environment names, or Seatrial's own; create it where it is not.

    Raises:
        InputError: It was deleted.
    """
    from mlflow.exceptions import MlflowException

    if not name and (given := os.environ.get("MLFLOW_EXPERIMENT_ID")):
        return str(client.get_experiment(given).experiment_id)
    wanted = name or os.environ.get("MLFLOW_EXPERIMENT_NAME") or DEFAULT_EXPERIMENT
    known = client.get_experiment_by_name(wanted)
    if known is None:
        try:
            return str(client.create_experiment(wanted, tags=EXPERIMENT_TAGS))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        known = client.get_experiment_by_name(wanted)  # another publisher has just made it
    if known is None or known.lifecycle_stage != "active":
        raise InputError(f"experiment {wanted!r} was deleted: restore it, or name another one")
    return str(known.experiment_id)


def _attach(client: "MlflowClient", pipeline_run: str, run_id: str) -> None:
    """Let Kubeflow's own run lead to the evaluation, where both are in the same MLflow."""
    from mlflow.exceptions import MlflowException

    try:
        client.set_tag(pipeline_run, _EVALUATION_RUN, run_id)
    except MlflowException as error:
        if not is_absent(error):
            raise


def run_url(tracking_uri: str, experiment_id: str, run_id: str) -> str:
    """Give the address of a run's page, without passwords; empty where the store has no web page."""
    if not tracking_uri.startswith("http"):
        return ""
    address = without_secrets(tracking_uri.rstrip("/")).replace("://***@", "://")
    return f"{address}/#/experiments/{experiment_id}/runs/{run_id}"

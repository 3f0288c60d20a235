"""The step ``publish_run``: a verdict with everything behind it becomes a run in MLflow.

The run is nested under the training run. Publishing the same verdict again finds its run by the tag
``seatrial.verdict_digest`` and completes it, so a step that was killed is simply run again.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import InputError
from seatrial.files import write_json
from seatrial.progress import progress
from seatrial.secrets import without_secrets
from seatrial_mlflow.budget import KEY_BUDGET
from seatrial_mlflow.connection import connected, is_absent, is_mlflow_uri
from seatrial_mlflow.model_reference import ModelReference, resolve
from seatrial_mlflow.publication import SLICE_TABLE, VERDICT_DIGEST, Publication, Sources, prepare

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

__all__ = ["DEFAULT_EXPERIMENT", "EXPERIMENT_TAGS", "PublishedRun", "run"]

#: Experiment of evaluations whose training run is not known.
DEFAULT_EXPERIMENT = "seatrial"

#: Tell MLflow's pages to show an experiment's training runs first, not traces.
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}

_PARENT = "mlflow.parentRunId"
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """What was published.

    Attributes:
        run_id: The evaluation run; empty in a dry run.
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
    dataset: str | None = None,
    parent_run: str | None = None,
    experiment: str | None = None,
    tracking_uri: str | None = None,
    key_budget: int = KEY_BUDGET,
    dry_run: bool = False,
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
        dataset: Specification of the data set, shown as its source.
        parent_run: Run to nest under. By default the run that logged the candidate, else the run that
            Kubeflow Pipelines names in ``MLFLOW_RUN_ID``, else none.
        experiment: Experiment by name, for a run without a parent; a nested run is in its parent's. By
            default what ``MLFLOW_EXPERIMENT_ID`` or ``MLFLOW_EXPERIMENT_NAME`` names, else ``seatrial``.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        key_budget: Most metric keys; the other numbers are in the table of slices.
        dry_run: Connect to nothing and log nothing.
        out: JSON file that says what was (or would be) logged.

    Raises:
        InputError: A result, the run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    sources = Sources(verdict, slices, quality, report, evaluation, policy)
    publication = prepare(sources, dataset=dataset, key_budget=key_budget)
    if dry_run:
        published = _published(publication, "", parent_run, "", created=False)
    else:
        with connected(tracking_uri) as client:
            published = _publish(client, publication, parent_run, experiment)
    if out is not None:
        where = {"run_id": published.run_id, "parent_run": published.parent_run, "url": published.url}
        write_json(out, {**published.logged, **where, "dry_run": dry_run})
    return published


def _published(
    publication: Publication, run_id: str, parent_run: str | None, url: str, *, created: bool
) -> PublishedRun:
    metrics = len(publication.model_metrics) + len(publication.run_metrics)
    return PublishedRun(
        run_id, parent_run or None, url, created, metrics, publication.left_out, publication.to_json()
    )


def _publish(
    client: "MlflowClient", publication: Publication, parent_run: str | None, experiment: str | None
) -> PublishedRun:
    candidate = publication.subject.candidate
    model = resolve(client, candidate) if is_mlflow_uri(candidate) else None
    parent = _parent(client, parent_run, model)
    experiment_id = str(parent.info.experiment_id) if parent is not None else _experiment(client, experiment)
    target, created = _find_or_create(client, publication, experiment_id, parent)
    run_id = target.info.run_id
    with progress("publish", len(publication.artifacts) + 2, "parts") as advance:
        _log_inputs(client, run_id, publication, model)
        _log_values(client, target, publication, model)
        advance(1)
        for _ in _log_artifacts(client, run_id, publication):
            advance(1)
        client.set_terminated(run_id, "FINISHED")
    url = _url(client.tracking_uri, experiment_id, run_id)
    parent_id = None if parent is None else parent.info.run_id
    return _published(publication, run_id, parent_id, url, created=created)


def _parent(client: "MlflowClient", given: str | None, model: ModelReference | None) -> "Run | None":
    from mlflow.exceptions import MlflowException

    trained = None if model is None else model.run_id
    run_id = given or trained or os.environ.get("MLFLOW_RUN_ID")
    if not run_id:
        return None
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if is_absent(error) and not given:
            return None  # the training run was deleted
        if is_absent(error):
            raise InputError(f"parent run {run_id}: there is no such run in MLflow") from error
        raise


def _experiment(client: "MlflowClient", name: str | None) -> str:
    if not name and (given := os.environ.get("MLFLOW_EXPERIMENT_ID")):
        return str(client.get_experiment(given).experiment_id)
    wanted = name or os.environ.get("MLFLOW_EXPERIMENT_NAME") or DEFAULT_EXPERIMENT
    known = client.get_experiment_by_name(wanted)
    return str(
        known.experiment_id if known is not None else client.create_experiment(wanted, tags=EXPERIMENT_TAGS)
    )


def _find_or_create(
    client: "MlflowClient", publication: Publication, experiment_id: str, parent: "Run | None"
) -> "tuple[Run, bool]":
    parent_id = None if parent is None else parent.info.run_id
    known = client.search_runs(
        [experiment_id],
        filter_string=f"tags.`{VERDICT_DIGEST}` = '{publication.tags[VERDICT_DIGEST]}'",
        order_by=["attributes.start_time ASC"],
    )
    for found in known:
        if found.data.tags.get(_PARENT) == parent_id:
            return found, False
    tags = {VERDICT_DIGEST: publication.tags[VERDICT_DIGEST]}
    if parent_id is not None:
        tags[_PARENT] = parent_id
    return client.create_run(experiment_id, tags=tags, run_name=publication.name), True


def _log_inputs(
    client: "MlflowClient", run_id: str, publication: Publication, model: ModelReference | None
) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput

    data = publication.dataset
    entity = Dataset(
        name=data.name,
        digest=data.digest,
        source_type="seatrial",
        source=json.dumps({"uri": data.source}),
        profile=json.dumps(data.profile),
    )
    context = InputTag("mlflow.data.context", "evaluation")
    models = [LoggedModelInput(model.model_id)] if model is not None and model.model_id else None
    client.log_inputs(run_id, [DatasetInput(entity, [context])], models)


def _log_values(
    client: "MlflowClient", target: "Run", publication: Publication, model: ModelReference | None
) -> None:
    from mlflow.entities import Param, RunTag

    run_id = target.info.run_id
    metrics = _metrics(target, publication, model)
    known = target.data.params
    params = [Param(name, value) for name, value in publication.params.items() if name not in known]
    table = json.dumps([{"path": SLICE_TABLE, "type": "table"}])
    tags = {
        **publication.tags,
        **_pipeline(),
        "mlflow.runName": publication.name,
        "mlflow.loggedArtifacts": table,
    }
    client.log_batch(run_id, params=params, tags=[RunTag(name, value) for name, value in tags.items()])
    for start in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _BATCH])


def _pipeline() -> dict[str, str]:
    # Kubeflow Pipelines can give each of its runs one in MLflow
    run_id = os.environ.get("MLFLOW_RUN_ID")
    return {"seatrial.pipeline_run": run_id} if run_id else {}


def _metrics(target: "Run", publication: Publication, model: ModelReference | None) -> "list[Metric]":
    from mlflow.entities import Metric

    # the run's own start makes a second publication the same rows, not more of them
    time, run_id, data = target.info.start_time, target.info.run_id, publication.dataset
    model_id = None if model is None else model.model_id

    def metric(key: str, value: float, of_model: str | None) -> Metric:
        return Metric(
            key,
            value,
            time,
            0,
            model_id=of_model,
            dataset_name=data.name,
            dataset_digest=data.digest,
            run_id=run_id,
        )

    own = [metric(key, value, model_id) for key, value in publication.model_metrics.items()]
    return own + [metric(key, value, None) for key, value in publication.run_metrics.items()]


def _log_artifacts(client: "MlflowClient", run_id: str, publication: Publication) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="seatrial-publish-") as folder:
        table = Path(folder) / SLICE_TABLE
        table.write_text(json.dumps(publication.table, ensure_ascii=False), encoding="utf-8")
        client.log_artifact(run_id, str(table))
        yield SLICE_TABLE
        for name, path in publication.artifacts.items():
            if path.is_dir():
                client.log_artifacts(run_id, str(path), name)
            else:
                _log_file(client, run_id, name, path, Path(folder))
            yield name


def _log_file(client: "MlflowClient", run_id: str, name: str, path: Path, scratch: Path) -> None:
    place = Path(name)
    if path.name != place.name:  # MLflow keeps the local name
        path = Path(shutil.copyfile(path, scratch / place.name))
    parent = place.parent.as_posix()
    client.log_artifact(run_id, str(path), None if parent == "." else parent)


def _url(tracking_uri: str, experiment_id: str, run_id: str) -> str:
    if not tracking_uri.startswith("http"):
        return ""
    address = without_secrets(tracking_uri.rstrip("/")).replace("://***@", "://")
    return f"{address}/#/experiments/{experiment_id}/runs/{run_id}"

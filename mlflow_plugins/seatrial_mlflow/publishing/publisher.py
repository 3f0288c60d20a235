"""Log a publication to a run: parameters, metrics, tags, data set input, table and artifacts.

Everything here may be done twice: the same publication leaves the same run, so whoever was killed, or met
another publisher, simply does it again.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial_mlflow.model_reference import ModelReference
from seatrial_mlflow.publishing.description import describe_version
from seatrial_mlflow.publishing.publication import SLICE_TABLE, Publication
from seatrial_mlflow.subject import read_verdict

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

__all__ = ["again", "describe_candidate", "log_artifacts", "log_inputs", "log_values"]

_BATCH = 1000
# a row that another publisher of the same verdict writes at the same moment is an error of the database once
_ATTEMPTS = 4
_PAUSE_SECONDS = 0.2


def log_inputs(
    client: "MlflowClient", run_id: str, publication: Publication, model: ModelReference | None
) -> None:
    """Log the data set and the candidate's logged model as inputs of the run."""
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
    again(partial(client.log_inputs, run_id, [DatasetInput(entity, [context])], models))


def log_values(
    client: "MlflowClient", target: "Run", publication: Publication, model: ModelReference | None
) -> None:
    """Log parameters, tags and metrics; the candidate's metrics also to its logged model, by data set.

    Args:
        client: The MLflow server.
        target: The run, as it is now.
        publication: What to log.
        model: The candidate in MLflow; None where MLflow does not keep it.
    """
    from mlflow.entities import Param, RunTag

    run_id = target.info.run_id
    table = json.dumps([{"path": SLICE_TABLE, "type": "table"}])
    named = {**publication.tags, "mlflow.runName": publication.name, "mlflow.loggedArtifacts": table}
    tags = [RunTag(name, value) for name, value in named.items()]

    def log_params() -> None:
        known = client.get_run(run_id).data.params
        params = [Param(name, value) for name, value in publication.params.items() if name not in known]
        client.log_batch(run_id, params=params, tags=tags)

    again(log_params)
    metrics = _metrics(target, publication, model)
    for start in range(0, len(metrics), _BATCH):
        batch = metrics[start : start + _BATCH]
        again(partial(client.log_batch, run_id, metrics=batch))


def again(log: Callable[[], object]) -> None:
    """Do what another publisher of the same may do at the same moment, once more where they met."""
    from mlflow.exceptions import MlflowException

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            log()
        except MlflowException as error:
            if attempt == _ATTEMPTS or error.error_code not in {"INTERNAL_ERROR", "BAD_REQUEST"}:
                raise
            time.sleep(_PAUSE_SECONDS * attempt)
        else:
            return


def _metrics(target: "Run", publication: Publication, model: ModelReference | None) -> "list[Metric]":
    from mlflow.entities import Metric

    # the run's own start makes a second publication the same rows, not more of them
    time_, run_id, data = target.info.start_time, target.info.run_id, publication.dataset
    model_id = None if model is None else model.model_id

    def metric(key: str, value: float, of_model: str | None) -> Metric:
        return Metric(
            key,
            value,
            time_,
            0,
            model_id=of_model,
            dataset_name=data.name,
            dataset_digest=data.digest,
            run_id=run_id,
        )

    own = [metric(key, value, model_id) for key, value in publication.model_metrics.items()]
    return own + [metric(key, value, None) for key, value in publication.run_metrics.items()]


def log_artifacts(client: "MlflowClient", run_id: str, publication: Publication) -> Iterator[str]:
    """Upload the table of slices and every artifact; gives each one's path when it is there."""
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


def describe_candidate(
    client: "MlflowClient", publication: Publication, model: ModelReference | None
) -> None:
    """Describe the verdict on the page of the model version that was judged, where it was a version.

    Its tags are written by the promotion alone: a gated registry reserves them.
    """
    file = publication.artifacts.get("verdict/verdict.json")
    if model is None or model.name is None or model.version is None or file is None:
        return
    known = client.get_model_version(model.name, model.version).description or ""
    text = describe_version(known, *read_verdict(file))
    if text != known:
        client.update_model_version(model.name, model.version, text)


def _log_file(client: "MlflowClient", run_id: str, name: str, path: Path, scratch: Path) -> None:
    place = Path(name)
    if path.name != place.name:  # MLflow keeps the local name
        path = Path(shutil.copyfile(path, scratch / place.name))
    parent = place.parent.as_posix()
    client.log_artifact(run_id, str(path), None if parent == "." else parent)

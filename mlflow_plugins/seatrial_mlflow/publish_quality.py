"""The step ``publish_quality``: what data checks found becomes a run in MLflow, without a model.

Publishing the same findings again finds their run by the tag ``seatrial.quality_digest`` and completes it.
"""

import json
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial import __version__
from seatrial.digests import digest_file
from seatrial.progress import progress
from seatrial.quality import QualityReport
from seatrial.secrets import without_secrets
from seatrial_mlflow.connection import connected
from seatrial_mlflow.publish_run import PublishedRun, find_experiment, run_url
from seatrial_mlflow.publishing.evaluation_run import claim
from seatrial_mlflow.publishing.finding_table import FINDING_TABLE, finding_counts, finding_table
from seatrial_mlflow.publishing.publication import DATASET_DIGEST_LENGTH
from seatrial_mlflow.publishing.publisher import again
from seatrial_mlflow.run_context import context_tags

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["run"]

_DIGEST = "seatrial.quality_digest"


def run(
    quality: Path,
    *,
    dataset: str | None = None,
    experiment: str | None = None,
    parent_run: str | None = None,
    tracking_uri: str | None = None,
) -> PublishedRun:
    """Publish what data checks found.

    The run gets the data set as its input, ``data/<check>`` for each check that was done and
    ``data/errors``, ``data/warnings``, ``data/crashed`` as metrics, ``findings.json`` as a table, and the
    whole folder (pages and exports included) below ``quality``.

    Args:
        quality: Folder that ``check-data`` wrote.
        dataset: Specification of the data set, shown as its source.
        experiment: Experiment by name; by default what ``MLFLOW_EXPERIMENT_ID`` or
            ``MLFLOW_EXPERIMENT_NAME`` names, else ``seatrial``.
        parent_run: Run to nest under; None for none.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.

    Raises:
        InputError: The folder, the run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    report = QualityReport.read(quality)
    tags = {
        **context_tags(),
        _DIGEST: digest_file(quality / "quality.json"),
        "seatrial.version": __version__,
        "mlflow.note.content": _note(report),
        "mlflow.loggedArtifacts": json.dumps([{"path": FINDING_TABLE, "type": "table"}]),
    }
    with connected(tracking_uri) as client:
        if parent_run is not None:
            where = str(client.get_run(parent_run).info.experiment_id)
        else:
            where = find_experiment(client, experiment)
        name = f"data quality of {report.header['dataset']['name']}"
        key = (_DIGEST, tags[_DIGEST])
        target, created = claim(client, where, key, parent=parent_run, name=name)
        with progress("publish", 3, "parts") as advance:
            _log_input(client, target, report, dataset)
            _log_values(client, target, report, tags)
            advance(1)
            _log_table(client, target, report)
            advance(1)
            client.log_artifacts(target.info.run_id, str(quality), "quality")
            advance(1)
        if target.info.status != "FINISHED":  # or else its end would move
            client.set_terminated(target.info.run_id, "FINISHED")
        run_id, metrics = target.info.run_id, finding_counts(report)
        url = run_url(client.tracking_uri, where, run_id)
        logged: dict[str, Any] = {"run": name, "tags": tags, "metrics": metrics, "params": _params(report)}
    return PublishedRun(run_id, parent_run, url, created, len(metrics), 0, logged)


def _params(report: QualityReport) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("dataset", "reference"):
        said = report.header.get(name)
        if said is not None:
            found |= {f"{name}.{key}": str(said[key]) for key in ("name", "digest", "n") if key in said}
    return found


def _log_input(client: "MlflowClient", target: "Run", report: QualityReport, dataset: str | None) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    said = report.header["dataset"]
    entity = Dataset(
        name=said["name"],
        digest=str(said["digest"]).removeprefix("sha256:")[:DATASET_DIGEST_LENGTH],
        source_type="seatrial",
        source=json.dumps({"uri": without_secrets(dataset or said["name"])}),
        profile=json.dumps({"n": said["n"], "digest": said["digest"]}),
    )
    context = InputTag("mlflow.data.context", "data quality")
    again(partial(client.log_inputs, target.info.run_id, [DatasetInput(entity, [context])]))


def _log_values(client: "MlflowClient", target: "Run", report: QualityReport, tags: dict[str, str]) -> None:
    from mlflow.entities import Metric, Param, RunTag

    run_id = target.info.run_id
    # the run's own start makes a second publication the same rows, not more of them
    metrics = [
        Metric(name, value, target.info.start_time, 0) for name, value in finding_counts(report).items()
    ]
    named = [RunTag(name, value) for name, value in tags.items()]

    def log() -> None:
        known = client.get_run(run_id).data.params
        params = [Param(name, value[:500]) for name, value in _params(report).items() if name not in known]
        client.log_batch(run_id, metrics=metrics, params=params, tags=named)

    again(log)


def _log_table(client: "MlflowClient", target: "Run", report: QualityReport) -> None:
    with tempfile.TemporaryDirectory(prefix="seatrial-publish-") as folder:
        table = Path(folder) / FINDING_TABLE
        table.write_text(json.dumps(finding_table(report), ensure_ascii=False), encoding="utf-8")
        client.log_artifact(target.info.run_id, str(table))


def _note(report: QualityReport) -> str:
    severities = Counter(one.severity for one in report.findings)
    found = ", ".join(f"{count} {name}s" for name, count in sorted(severities.items())) or "nothing"
    lines = [f"**{found}** in {report.header['dataset']['n']} samples", "", "| check | status | findings |"]
    lines += ["|---|---|---|", *(f"| {one.check} | {one.status} | {one.findings} |" for one in report.checks)]
    return "\n".join(lines)

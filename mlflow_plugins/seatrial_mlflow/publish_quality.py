"""The step ``publish_quality``: what data checks found becomes a run in MLflow, without a model.

Publishing the same findings again finds their run by the tag ``seatrial.quality_digest`` and completes it.
"""

import json
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.digests import digest_file
from seatrial.quality import QualityReport
from seatrial.secrets import without_secrets
from seatrial_mlflow.publish_run import PublishedRun
from seatrial_mlflow.publishing.finding_table import FINDING_TABLE, finding_counts, finding_table
from seatrial_mlflow.publishing.findings_run import Findings, log_folder, publish_findings
from seatrial_mlflow.publishing.publication import DATASET_DIGEST_LENGTH
from seatrial_mlflow.publishing.publisher import again

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["run"]


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
    findings = Findings(
        name=f"data quality of {report.header['dataset']['name']}",
        key=("seatrial.quality_digest", digest_file(quality / "quality.json")),
        metrics=finding_counts(report),
        params=_params(report),
        tags={
            "mlflow.note.content": _note(report),
            "mlflow.loggedArtifacts": json.dumps([{"path": FINDING_TABLE, "type": "table"}]),
        },
    )
    parts = (
        partial(_log_input, report=report, dataset=dataset),
        partial(_log_table, report=report),
        log_folder(quality, "quality"),
    )
    return publish_findings(
        findings, parts, experiment=experiment, parent_run=parent_run, tracking_uri=tracking_uri
    )


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

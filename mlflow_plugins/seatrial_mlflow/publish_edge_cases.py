"""The step ``publish_edge_cases``: what is to be labelled next becomes a run in MLflow, without a model.

Publishing the same batch again finds its run by the tag ``seatrial.edge_cases_digest`` and completes it.
"""

from pathlib import Path
from typing import Any

from seatrial.digests import digest_file
from seatrial.files import read_json, read_text
from seatrial_mlflow.publish_run import PublishedRun
from seatrial_mlflow.publishing.findings_run import Findings, log_folder, publish_findings

__all__ = ["run"]


def run(
    edge_cases: Path,
    *,
    blind_spots: Path | None = None,
    explanations: Path | None = None,
    experiment: str | None = None,
    parent_run: str | None = None,
    tracking_uri: str | None = None,
) -> PublishedRun:
    """Publish what was mined.

    The run gets ``edge_cases/…`` as metrics (failures, groups, pool, chosen, left out), what to do next as
    its description, and the whole folder below ``edge_cases``; the folders of the blind spots and of the
    explanations below names of their own.

    Args:
        edge_cases: Folder that ``mine-edge-cases`` wrote.
        blind_spots: Folder that ``find-blind-spots`` wrote.
        explanations: Folder that ``explain-errors`` wrote.
        experiment: Experiment by name; by default what ``MLFLOW_EXPERIMENT_ID`` or
            ``MLFLOW_EXPERIMENT_NAME`` names, else ``seatrial``.
        parent_run: Run to nest under; None for none.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.

    Raises:
        InputError: The folder, the run or the experiment cannot be used.
        ServiceError: MLflow does not answer.
    """
    report = read_json(edge_cases / "mining.json", "mine-edge-cases writes it")
    findings = Findings(
        name=f"edge cases of {report['pool']['dataset']}",
        # the same numbers can come of another choice: the queue decides
        key=("seatrial.edge_cases_digest", digest_file(edge_cases / "labelling_queue.parquet")),
        metrics=_metrics(report),
        params=_params(report),
        tags={"mlflow.note.content": read_text(edge_cases / "next_steps.md")},
    )
    folders = {"edge_cases": edge_cases, "blind_spots": blind_spots, "explanations": explanations}
    parts = [log_folder(folder, name) for name, folder in folders.items() if folder is not None]
    return publish_findings(
        findings, parts, experiment=experiment, parent_run=parent_run, tracking_uri=tracking_uri
    )


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
    return {name: str(value) for name, value in found.items()}

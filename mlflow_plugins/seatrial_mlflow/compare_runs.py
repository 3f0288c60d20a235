"""The step ``compare``: several judged runs of MLflow on one page."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import InputError
from seatrial.files import write_text
from seatrial.gates import Verdict
from seatrial.reporting import JudgedRun, render_comparison
from seatrial.slices import SliceReport
from seatrial_mlflow.connection import connected
from seatrial_mlflow.publish_run import run_url
from seatrial_mlflow.publishing.publication import VERDICT_DIGEST

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["run"]


def run(runs: Sequence[str], out: Path, *, tracking_uri: str | None = None) -> None:
    """Write one HTML file that holds the verdicts and slices of several runs side by side.

    Args:
        runs: Ids of runs that ``publish_run`` made, in the order in which they are shown.
        out: The HTML file; it is replaced whole or not at all.
        tracking_uri: MLflow server; by default ``MLFLOW_TRACKING_URI``.

    Raises:
        InputError: There are fewer than two runs, one is named twice, absent or not judged by Seatrial, or
            they are of different tasks.
        ServiceError: MLflow does not answer.
    """
    if len(set(runs)) < len(runs):
        twice = next(one for one in runs if list(runs).count(one) > 1)
        raise InputError(f"run {twice} is named twice")
    with connected(tracking_uri) as client, tempfile.TemporaryDirectory() as folder:
        judged = [_read(client, one, Path(folder) / str(place)) for place, one in enumerate(runs)]
        write_text(out, render_comparison(judged))


def _read(client: "MlflowClient", run_id: str, folder: Path) -> JudgedRun:
    found = client.get_run(run_id)
    if VERDICT_DIGEST not in found.data.tags:
        raise InputError(f"run {run_id} holds no verdict of Seatrial: expected a run that publish-run made")
    folder.mkdir()
    slices, verdict = (
        Path(client.download_artifacts(run_id, path, str(folder)))
        for path in ("slices", "verdict/verdict.json")
    )
    return JudgedRun(
        found.info.run_name or run_id,
        SliceReport.read(slices),
        Verdict.read(verdict),
        run_url(client.tracking_uri, found.info.experiment_id, run_id),
    )

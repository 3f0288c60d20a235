"""How a run of a pipeline ended, as MLflow knows it, told to people."""

import json
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.errors import InputError, SeatrialError
from seatrial.files import write_json
from seatrial.gates import Verdict
from seatrial.gates.plain import markdown, plain
from seatrial.secrets import without_secrets
from seatrial_mlflow import notify
from seatrial_mlflow.connection import connected
from seatrial_mlflow.fetch_verdict import fetch
from seatrial_mlflow.promote_model import PROMOTION
from seatrial_mlflow.publish_run import run_url
from seatrial_mlflow.uses import every_experiment

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["EndedRun", "tell"]

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class EndedRun:
    """What Kubeflow Pipelines says of a run that ended.

    Attributes:
        state: ``SUCCEEDED``, ``FAILED`` or ``CANCELLED``.
        message: Why it failed; may be empty.
        pipeline: What the run is called.
        id: Its id, with which ``publish_run`` tagged the evaluation run; may be empty.
        evaluation_run: The evaluation run; empty: the one with that tag.
    """

    state: str
    message: str = ""
    pipeline: str = ""
    id: str = ""
    evaluation_run: str = ""


def tell(
    ended: EndedRun,
    *,
    on: Collection[str],
    tracking_uri: str | None = None,
    destinations: Path | None = None,
) -> notify.Notice | None:
    """Tell people of a refusal, a promotion or a failure.

    Args:
        ended: The run.
        on: Events to tell of, of :data:`seatrial_mlflow.notify.EVENTS`.
        tracking_uri: MLflow server; by default what ``MLFLOW_TRACKING_URI`` names.
        destinations: File of apprise URLs; None for the environment's.

    Returns:
        What was told; None where the run ended well without a verdict.

    Raises:
        InputError: An event or a destination is not known.
        ServiceError: MLflow does not answer, or a destination did not take it.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-notify-") as temporary:
        folder = Path(temporary)
        found = _published(ended, tracking_uri, folder)
        if found is not None:
            return _tell_verdict(found, ended, on, destinations)
    if not _failed(ended):
        return None
    return notify.failure(
        f"Seatrial: {plain(ended.pipeline or 'a pipeline', 100)} {plain(ended.state.lower(), 20)}",
        _reason(ended.message or "no verdict was reached; the log of the failed task says why"),
        on=on,
        destinations=destinations,
    )


@dataclass(frozen=True, slots=True)
class _Published:
    """What a pipeline's run left in MLflow."""

    folder: Path
    verdict: Verdict
    promotion: dict[str, Any]
    url: str


def _published(ended: EndedRun, tracking_uri: str | None, folder: Path) -> _Published | None:
    if not (ended.id or ended.evaluation_run):
        return None
    try:
        with connected(tracking_uri) as client:
            known = ended.evaluation_run
            run = client.get_run(known) if known else _evaluation(client, ended.id)
            if run is None:
                return None
            verdict = fetch(client, run.info.run_id, folder / "verdict")
            url = run_url(client.tracking_uri, run.info.experiment_id, run.info.run_id)
            return _Published(folder, verdict, _promotion(run), url)
    except SeatrialError:
        if _failed(ended):
            return None  # an MLflow that does not answer may be why it failed: that is to be told
        raise


def _tell_verdict(
    found: _Published, ended: EndedRun, on: Collection[str], destinations: Path | None
) -> notify.Notice:
    if found.verdict.promotes and _failed(ended):
        reason = found.promotion.get("reason") or ended.message or "a task failed after the verdict"
        title = f"Seatrial: {ended.pipeline or 'a model'} passed, but the run {ended.state.lower()}"
        body = f"{_reason(str(reason))}\n\n{found.url}"
        return notify.failure(plain(title, 160), body, on=on, destinations=destinations)
    write_json(found.folder / "promotion.json", found.promotion)
    write_json(found.folder / "published.json", {"url": found.url})
    return notify.run(
        found.folder / "verdict",
        promotion=found.folder / "promotion.json",
        published=found.folder / "published.json",
        on=on,
        destinations=destinations,
    )


def _evaluation(client: "MlflowClient", pipeline_run: str) -> "Run | None":
    quoted = pipeline_run.replace("'", "")
    found = client.search_runs(
        every_experiment(client),
        f"tags.`kubeflow.run_id` = '{quoted}' AND tags.`seatrial.verdict_digest` LIKE '%'",
        max_results=1,
        order_by=["attributes.start_time DESC"],
    )
    return next(iter(found), None)


def _promotion(published: "Run") -> dict[str, Any]:
    try:
        value = json.loads(published.data.tags.get(PROMOTION, "{}"))
    except ValueError as error:
        raise InputError(f"run {published.info.run_id}: tag {PROMOTION}: not valid JSON: {error}") from error
    return value if isinstance(value, dict) else {}


def _failed(ended: EndedRun) -> bool:
    return ended.state.upper() != "SUCCEEDED"


def _reason(text: str) -> str:
    return markdown(without_secrets(text), _LONGEST)

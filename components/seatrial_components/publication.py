"""Publishing as a pipeline needs it: paths and texts in, the run's id and address out."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial_mlflow.publish_run import PublishedRun

__all__ = ["Published", "publish", "publish_findings", "publish_mined"]


class Published(NamedTuple):
    """The evaluation run in MLflow.

    Attributes:
        run_id: Its id.
        url: Where a browser shows it; empty where the store has no web page.
    """

    run_id: str
    url: str


def publish(
    verdict: str,
    slices: str,
    *,
    quality: str,
    report: str,
    evaluation: str,
    policy: str,
    blind_spots: Path | None = None,
    figures: Path | None = None,
    dataset: str = "",
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
    pipeline_run: str = "",
    pipeline_name: str = "",
) -> Published:
    """Publish a verdict with everything behind it; empty texts mean the step's defaults.

    Arguments and errors are those of :func:`seatrial_mlflow.publish_run.run`; ``pipeline_run`` and
    ``pipeline_name`` become the tags ``kubeflow.run_id`` and ``kubeflow.pipeline``.
    """
    _tell_context(pipeline_run, pipeline_name)
    from seatrial_mlflow import publish_run

    published = publish_run.run(
        Path(verdict),
        Path(slices),
        quality=Path(quality),
        report=Path(report),
        evaluation=Path(evaluation),
        policy=Path(policy),
        blind_spots=blind_spots,
        figures=figures,
        dataset=dataset or None,
        tracking_uri=tracking_uri or None,
        experiment=experiment or None,
        parent_run=parent_run or None,
    )
    return Published(published.run_id, published.url)


def publish_findings(quality: str, *, dataset: str = "", **where: str) -> Published:
    """Publish what data checks found, where an MLflow server is named; empty texts mean the step's defaults.

    Arguments and errors are those of :func:`seatrial_mlflow.publish_quality.run`, and ``pipeline_run`` and
    ``pipeline_name`` as for :func:`publish`.
    """
    from seatrial_mlflow import publish_quality

    return _where_named(partial(publish_quality.run, Path(quality), dataset=dataset or None), **where)


def publish_mined(
    edge_cases: str, *, blind_spots: Path | None = None, explanations: Path | None = None, **where: str
) -> Published:
    """Publish what is to be labelled next, where an MLflow server is named; as :func:`publish_findings`.

    Arguments and errors are those of :func:`seatrial_mlflow.publish_edge_cases.run`.
    """
    from seatrial_mlflow import publish_edge_cases

    step = partial(
        publish_edge_cases.run, Path(edge_cases), blind_spots=blind_spots, explanations=explanations
    )
    return _where_named(step, **where)


def _where_named(
    step: "Callable[..., PublishedRun]",
    *,
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
    pipeline_run: str = "",
    pipeline_name: str = "",
) -> Published:
    """Publish by a step, unless no server is named."""
    _tell_context(pipeline_run, pipeline_name)
    from seatrial_mlflow.connection import TRACKING_URI

    if not tracking_uri and not os.environ.get(TRACKING_URI):
        sys.stderr.write("no MLflow server is named: nothing is published\n")
        return Published("", "")
    published = step(
        tracking_uri=tracking_uri or None, experiment=experiment or None, parent_run=parent_run or None
    )
    return Published(published.run_id, published.url)


def _tell_context(pipeline_run: str, pipeline_name: str) -> None:
    for variable, value in (("KFP_RUN_ID", pipeline_run), ("KFP_PIPELINE_NAME", pipeline_name)):
        if value:
            os.environ[variable] = value  # where seatrial_mlflow.run_context looks

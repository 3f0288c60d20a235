"""Publishing as a pipeline needs it: paths and texts in, the run's id and address out."""

import os
from pathlib import Path
from typing import NamedTuple

__all__ = ["Published", "publish"]


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
    for variable, value in (("KFP_RUN_ID", pipeline_run), ("KFP_PIPELINE_NAME", pipeline_name)):
        if value:
            os.environ[variable] = value  # where seatrial_mlflow.run_context looks
    from seatrial_mlflow import publish_run

    published = publish_run.run(
        Path(verdict),
        Path(slices),
        quality=Path(quality),
        report=Path(report),
        evaluation=Path(evaluation),
        policy=Path(policy),
        dataset=dataset or None,
        tracking_uri=tracking_uri or None,
        experiment=experiment or None,
        parent_run=parent_run or None,
    )
    return Published(published.run_id, published.url)

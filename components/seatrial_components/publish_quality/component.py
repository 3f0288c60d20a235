"""Component ``publish_quality``."""

from typing import NamedTuple

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["publish_quality"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def publish_quality(
    quality: dsl.Input[dsl.Artifact],
    dataset: str = "",
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
    pipeline_run: str = "",
    pipeline_name: str = "",
) -> NamedTuple("Published", [("run_id", str), ("url", str)]):  # type: ignore[valid-type]
    """Record what the data checks found in MLflow, as a run without a model.

    The run holds the data set, the findings of each check as metrics, all findings as a table, and the pages
    and exports as artifacts. Where no MLflow server is named, nothing is recorded. Never cache it.

    Args:
        quality: The findings of the data checks.
        dataset: Specification of the data, shown as its source.
        tracking_uri: MLflow server; empty keeps the environment's.
        experiment: Experiment, for a run without a parent.
        parent_run: Run to nest under; empty for none.
        pipeline_run: Id of the pipeline's run, `dsl.PIPELINE_JOB_ID_PLACEHOLDER`: the tag `kubeflow.run_id`.
        pipeline_name: The pipeline's name: the tag `kubeflow.pipeline`.

    Returns:
        run_id: The run; empty where nothing was recorded.
        url: Where a browser shows it; empty where the store has no web page.
    """
    from seatrial_components.publication import publish_findings

    return publish_findings(
        quality.path,
        dataset=dataset,
        tracking_uri=tracking_uri,
        experiment=experiment,
        parent_run=parent_run,
        pipeline_run=pipeline_run,
        pipeline_name=pipeline_name,
    )

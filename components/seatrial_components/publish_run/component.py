"""Component ``publish_run``."""

from typing import NamedTuple

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["publish_run"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def publish_run(
    verdict: dsl.Input[dsl.Artifact],
    slices: dsl.Input[dsl.Artifact],
    quality: dsl.Input[dsl.Artifact],
    report: dsl.Input[dsl.HTML],
    evaluation: dsl.Input[dsl.Dataset],
    policy_file: dsl.Input[dsl.Artifact],
    blind_spots: dsl.Input[dsl.Artifact] = None,
    figures: dsl.Input[dsl.Artifact] = None,
    dataset: str = "",
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
    pipeline_run: str = "",
    pipeline_name: str = "",
) -> NamedTuple("Published", [("run_id", str), ("url", str)]):  # type: ignore[valid-type]
    """Record an evaluation in MLflow: a run nested under the training run, whatever the verdict.

    The run holds parameters, overall and per-slice metrics, the data set, the report, the verdict and the
    tables; the candidate's LoggedModel gets its metrics. Publishing the same verdict again completes its
    run. Never cache it.

    Args:
        verdict: The verdict.
        slices: The measurements.
        quality: The findings of the data checks.
        report: The HTML page.
        evaluation: The candidate's evaluation; only its header is published.
        policy_file: The policy.
        blind_spots: The groups that fail.
        figures: The main figures as PNG.
        dataset: Specification of the evaluation data, shown as its source.
        tracking_uri: MLflow server; empty keeps the environment's.
        experiment: Experiment, for a run without a parent.
        parent_run: Run to nest under; empty: the run that logged the candidate, else the one that Kubeflow
            Pipelines names, else none.
        pipeline_run: Id of the pipeline's run, `dsl.PIPELINE_JOB_ID_PLACEHOLDER`: the tag `kubeflow.run_id`.
        pipeline_name: The pipeline's name: the tag `kubeflow.pipeline`.

    Returns:
        run_id: The evaluation run.
        url: Where a browser shows it; empty where the store has no web page.
    """
    from seatrial_components.explanation import explained
    from seatrial_components.publication import publish

    return publish(
        verdict.path,
        slices.path,
        quality=quality.path,
        report=report.path,
        evaluation=evaluation.path,
        policy=policy_file.path,
        blind_spots=explained(blind_spots),
        figures=explained(figures),
        dataset=dataset,
        tracking_uri=tracking_uri,
        experiment=experiment,
        parent_run=parent_run,
        pipeline_run=pipeline_run,
        pipeline_name=pipeline_name,
    )

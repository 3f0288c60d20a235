"""Component ``publish_edge_cases``."""

from typing import NamedTuple

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["publish_edge_cases"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def publish_edge_cases(
    edge_cases: dsl.Input[dsl.Artifact],
    blind_spots: dsl.Input[dsl.Artifact] = None,
    explanations: dsl.Input[dsl.Artifact] = None,
    tracking_uri: str = "",
    experiment: str = "",
    parent_run: str = "",
    pipeline_run: str = "",
    pipeline_name: str = "",
) -> NamedTuple("Published", [("run_id", str), ("url", str)]):  # type: ignore[valid-type]
    """Record what is to be labelled next in MLflow, as a run without a model.

    The run holds the numbers as metrics, what to do next as its description, and the queue, its exports,
    pictures, proposed scenarios and the sheets of where the model looks as artifacts. Where no MLflow server
    is named, nothing is recorded. Never cache it.

    Args:
        edge_cases: What `mine_edge_cases` wrote.
        blind_spots: What `find_blind_spots` wrote.
        explanations: What `explain_errors` wrote.
        tracking_uri: MLflow server; empty keeps the environment's.
        experiment: Experiment, for a run without a parent.
        parent_run: Run to nest under; empty for none.
        pipeline_run: Id of the pipeline's run, `dsl.PIPELINE_JOB_ID_PLACEHOLDER`: the tag `kubeflow.run_id`.
        pipeline_name: The pipeline's name: the tag `kubeflow.pipeline`.

    Returns:
        run_id: The run; empty where nothing was recorded.
        url: Where a browser shows it; empty where the store has no web page.
    """
    from seatrial_components.explanation import explained
    from seatrial_components.publication import publish_mined

    return publish_mined(
        edge_cases.path,
        blind_spots=explained(blind_spots),
        explanations=explained(explanations),
        tracking_uri=tracking_uri,
        experiment=experiment,
        parent_run=parent_run,
        pipeline_run=pipeline_run,
        pipeline_name=pipeline_name,
    )

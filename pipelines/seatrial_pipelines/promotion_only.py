"""The pipeline ``promotion_only``: a verdict that was reached before moves the alias now."""

from kfp import dsl

from seatrial_components.enforce import enforce
from seatrial_components.fetch_verdict import fetch_verdict
from seatrial_pipelines.judgement import promote, told_at_the_end, uncached

__all__ = ["promotion_only"]


@dsl.pipeline(name="promotion-only")
def promotion_only(
    evaluation_run: str,
    registered_model: str,
    alias: str = "champion",
    tracking_uri: str = "",
) -> None:
    """Promote the model that a published verdict passed, e.g. after somebody has approved it.

    No model runs. The verdict is fetched from MLflow and checked to be the one that was published; the step
    that promotes checks the model's files and the champion as it always does.

    Args:
        evaluation_run: The run that `post_training` published.
        registered_model: Registered model whose alias moves.
        alias: The alias that moves.
        tracking_uri: MLflow server; empty keeps the environment's.
    """
    with told_at_the_end(tracking_uri, evaluation_run):
        fetched = uncached(fetch_verdict(run_id=evaluation_run, tracking_uri=tracking_uri))
        promoted_to = {"registered_model": registered_model, "alias": alias, "tracking_uri": tracking_uri}
        promote(fetched, evaluation_run, **promoted_to)
        uncached(enforce(verdict=fetched.outputs["verdict"]))

"""Component ``fetch_verdict``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["fetch_verdict"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def fetch_verdict(
    run_id: str,
    verdict: dsl.Output[dsl.Artifact],
    metrics: dsl.Output[dsl.Metrics],
    summary: dsl.Output[dsl.Markdown],
    tracking_uri: str = "",
) -> str:
    """Take the verdict of a published evaluation run, after checking that it is the one that was published.

    Its bytes must have the digest that the run names, and its decisions must come to its outcome. Promote
    inside `dsl.If(fetched.outputs["Output"] == "pass")`. Never cache it.

    Args:
        run_id: The evaluation run that `publish_run` made.
        verdict: The verdict: `verdict.json`, `verdict.md`, `junit.xml`.
        metrics: Decisions by outcome.
        summary: The verdict for people.
        tracking_uri: MLflow server; empty keeps the environment's.

    Returns:
        The outcome: `pass`, `fail`, `inconclusive` or `error`.
    """
    from pathlib import Path

    from seatrial_components.display import show_verdict
    from seatrial_mlflow import fetch_verdict as step

    judged = step.run(run_id, Path(verdict.path), tracking_uri=tracking_uri or None)
    return show_verdict(judged, verdict.path, metrics, summary)

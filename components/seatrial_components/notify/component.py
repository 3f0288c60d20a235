"""Component ``notify``."""

from kfp import dsl

from seatrial_components.image import IMAGE

__all__ = ["notify"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def notify(
    status: dsl.PipelineTaskFinalStatus,
    pipeline_run: str = "",
    evaluation_run: str = "",
    tracking_uri: str = "",
    on: str = "refusal,promotion,failure",
) -> int:
    """Tell people how a run ended: refused, promoted or failed. For `dsl.ExitHandler`.

    Looks in MLflow for what this run published, so it tells the truth whichever task came last. The
    destinations (Slack, Teams, mail, a webhook, whatever apprise knows) are addresses in the environment
    variable `SEATRIAL_NOTIFY`, from a secret; where it is not set, nobody is told. A destination that does
    not answer is named in the log and fails nothing. Never cache it.

    Args:
        status: How the tasks of the handler ended.
        pipeline_run: The run's id, `dsl.PIPELINE_JOB_ID_PLACEHOLDER`.
        evaluation_run: The evaluation run in MLflow; empty: the one that this run published.
        tracking_uri: MLflow server; empty keeps the environment's.
        on: What to tell of, separated by commas: `refusal`, `promotion`, `pass`, `failure`.

    Returns:
        How many destinations were told.
    """
    from seatrial_components.notification import tell

    return tell(
        status.state,
        status.error_message,
        pipeline=status.pipeline_job_resource_name,
        pipeline_run=pipeline_run,
        evaluation_run=evaluation_run,
        tracking_uri=tracking_uri,
        on=on,
    )

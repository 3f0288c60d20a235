"""Telling people as a pipeline needs it: texts in, and a destination that is down fails nothing."""

import os
import sys

from seatrial.errors import SeatrialError

__all__ = ["tell"]


def tell(
    state: str,
    message: str,
    *,
    pipeline: str = "",
    pipeline_run: str = "",
    evaluation_run: str = "",
    tracking_uri: str = "",
    on: str,
) -> int:
    """Tell how a run ended, where ``SEATRIAL_NOTIFY`` names destinations.

    Args:
        state: ``SUCCEEDED``, ``FAILED`` or ``CANCELLED``.
        message: Why it failed.
        pipeline: What the run is called.
        pipeline_run: Its id.
        evaluation_run: The evaluation run; empty: the one that the pipeline's run published.
        tracking_uri: MLflow server; empty keeps the environment's.
        on: Events, separated by commas.

    Returns:
        How many destinations were told; 0 where one of them, or MLflow, did not answer.
    """
    from seatrial_mlflow.ended_run import EndedRun
    from seatrial_mlflow.ended_run import tell as tell_of
    from seatrial_mlflow.notify import DESTINATIONS

    if not os.environ.get(DESTINATIONS, "").strip():
        sys.stderr.write(f"nobody is told: {DESTINATIONS} names no destination\n")
        return 0
    ended = EndedRun(state, message or "", pipeline, pipeline_run, evaluation_run)
    events = [one.strip() for one in on.split(",") if one.strip()]
    try:
        notice = tell_of(ended, on=events, tracking_uri=tracking_uri or None)
    except SeatrialError as error:
        # what the run did stands, whether or not people can be told of it now
        sys.stderr.write(f"not told: {error}\n")
        return 0
    if notice is None:
        return 0
    sys.stderr.write(f"{notice.event}: told {notice.sent}\n")
    return notice.sent

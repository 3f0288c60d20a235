"""The last word of a pipeline: a verdict that is no pass fails the run."""

from pathlib import Path

from seatrial.errors import InputError, SeatrialError
from seatrial.gates import Verdict

__all__ = ["NotPassedError", "require_pass"]


_MOST = 5


class NotPassedError(SeatrialError):
    """The verdict does not allow the promotion."""


def require_pass(folder: str) -> None:
    """Raise unless the verdict in ``folder`` is a pass.

    Raises:
        NotPassedError: It is not; the message gives the outcome and the first reasons.
        InputError: It cannot be read, or contradicts itself.
    """
    file = Path(folder) / "verdict.json"
    verdict = Verdict.read(file)
    if contradiction := verdict.contradiction():
        raise InputError(f"{file}: not a verdict that was decided: {contradiction}")
    if verdict.promotes:
        return
    reasons = [f"{one.rule} on {one.slice}: {one.reason}" for one in verdict.blocking()]
    reasons = [*verdict.problems, *reasons]
    shown = "; ".join(reasons[:_MOST]) + (
        f"; and {len(reasons) - _MOST} more" if len(reasons) > _MOST else ""
    )
    raise NotPassedError(f"not promoted, the verdict is {verdict.outcome}: {shown or 'no reason was given'}")

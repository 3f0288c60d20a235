"""The last word of a pipeline: a verdict that is no pass, or data that are refused, fail the run."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from seatrial.errors import InputError, SeatrialError
from seatrial.gates import Policy, Verdict, judge_data
from seatrial.quality import QualityReport

__all__ = ["NotPassedError", "require_fit_data", "require_pass"]


_MOST = 5


class NotPassedError(SeatrialError):
    """The verdict does not allow the promotion, or the data are refused."""


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
    shown = _first(reasons) or "no reason was given"
    raise NotPassedError(f"not promoted, the verdict is {verdict.outcome}: {shown}")


def require_fit_data(folder: str, policy: str) -> None:
    """Raise where a policy's data rules refuse what data checks found.

    Args:
        folder: What ``check_data`` wrote.
        policy: Text of the policy; empty refuses nothing.

    Raises:
        NotPassedError: They do; the message gives the first reasons.
        PolicyError: The policy is not valid, or has no data rule that could refuse anything.
    """
    if not policy:
        sys.stderr.write("no policy was given: nothing is refused\n")
        return
    rules = Policy.parse(policy, "policy")
    decisions = judge_data(rules, QualityReport.read(Path(folder)), today=datetime.now(UTC).date())
    for one in decisions:
        sys.stderr.write(f"{one.outcome}: {one.slice}: {one.reason} [rule {one.rule}]\n")
    reasons = [f"{one.rule} on {one.slice}: {one.reason}" for one in decisions if one.blocking]
    if reasons:
        raise NotPassedError(f"the data are refused: {_first(reasons)}")


def _first(reasons: Sequence[str]) -> str:
    more = f"; and {len(reasons) - _MOST} more" if len(reasons) > _MOST else ""
    return "; ".join(reasons[:_MOST]) + more

"""Judge the data rules of a policy on what the data checks found, before there is a model."""

from datetime import UTC, date, datetime
from pathlib import Path

from seatrial.gates import Decision, Policy, judge_data
from seatrial.quality import QualityReport

__all__ = ["run"]


def run(policy: Path, quality: Path, *, today: date | None = None) -> tuple[Decision, ...]:
    """Decide whether data are fit to train and to judge on.

    Args:
        policy: The policy file; only its rules of type ``data`` are looked at.
        quality: Folder that ``check-data`` wrote.
        today: The day on which waivers are looked at; None for today, in UTC.

    Returns:
        The decisions in the policy's order; the data are refused where one of them blocks.

    Raises:
        InputError: The folder cannot be read.
        PolicyError: The policy is not valid, or has no data rule that could refuse anything.
    """
    day = datetime.now(UTC).date() if today is None else today
    return judge_data(Policy.load(policy), QualityReport.read(quality), today=day)

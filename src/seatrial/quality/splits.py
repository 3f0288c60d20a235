"""Check ``splits``: a reference that is no other split."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding

__all__ = ["empty_reference", "named_twice", "splits"]


def splits(given: CheckInput) -> Found:
    """Report a reference without images, and one that is the data set itself; the score is its samples."""
    return Found(given.splits)


def empty_reference(spec: str, reason: str) -> Finding:
    """Report a reference in which there is nothing, so that nothing is held against it."""
    message = f"the reference {spec} is empty: nothing is held against it"
    return Finding("splits", "error", message, (), 0.0, {"kind": "empty", "reason": reason})


def named_twice(spec: str, count: int) -> Finding:
    """Report a reference that is the data set that is checked, so that it shows nothing."""
    message = (
        f"the reference {spec} is the data set that is checked: all of its {count} samples are in both; "
        "expected another one, usually the training data"
    )
    return Finding("splits", "error", message, (), float(count), {"kind": "named_twice", "samples": count})

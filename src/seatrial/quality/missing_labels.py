"""Check ``missing_labels``: samples without truth."""

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding

__all__ = ["missing_labels"]


def missing_labels(given: CheckInput) -> Found:
    """Report samples without a label, in one finding; the score is their share."""
    data = given.data
    missing = [one for one, label in zip(data.ids, data.strings("label"), strict=True) if label is None]
    if not missing:
        return Found(())
    share = len(missing) / len(data)
    message = f"{len(missing)} of {len(data)} samples have no label: {examples(missing)}"
    evidence = {"count": len(missing), "share": round(share, 6)}
    return Found((Finding("missing_labels", "warning", message, tuple(missing), round(share, 6), evidence),))

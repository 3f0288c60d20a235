"""Check ``broken``: images that cannot be read."""

from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding

__all__ = ["broken"]


def broken(given: CheckInput) -> Found:
    """Report images that are absent, empty, truncated or not images, each with its reason."""
    data = given.needs_images()
    findings = [
        Finding("broken", "error", f"cannot be read: {reason}", (one,), 1.0, {"reason": reason, "uri": uri})
        for one, reason, uri in zip(data.ids, data.strings("reason"), data.strings("uri"), strict=True)
        if reason is not None
    ]
    return Found(tuple(findings))

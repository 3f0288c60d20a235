"""Check ``missing_labels``: samples without truth."""

import numpy as np

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding

__all__ = ["missing_labels"]

_TRUTH = {"classification": "label", "detection": "annotation", "segmentation": "mask"}


def missing_labels(given: CheckInput) -> Found:
    """Report samples without a label, mask or annotation, in one finding; the score is their share."""
    data, ids = given.data, given.data.ids
    missing = [ids[row] for row in np.flatnonzero(~data.manifest.annotated).tolist()]
    if not missing:
        return Found(())
    share = len(missing) / len(data)
    message = (
        f"{len(missing)} of {len(data)} samples have no {_TRUTH[data.manifest.task]}: {examples(missing)}"
    )
    evidence = {"count": len(missing), "share": round(share, 6)}
    return Found((Finding("missing_labels", "warning", message, tuple(missing), round(share, 6), evidence),))

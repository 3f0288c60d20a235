"""One finding for each image that a condition holds for."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from seatrial.quality.check import Found
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.measured import MeasuredDataset

__all__ = ["per_image"]


def per_image(
    check: str,
    data: MeasuredDataset,
    flagged: NDArray[np.bool_],
    score: NDArray[np.float64],
    evidence: Mapping[str, NDArray[np.float64]],
    message: Callable[[dict[str, float]], str],
    *,
    severity: Severity = "warning",
) -> Found:
    """Make a finding of every flagged image.

    Args:
        check: The check's name.
        data: The data set.
        flagged: Shape (n,); which images to report.
        score: Shape (n,); how bad each is, higher is worse.
        evidence: Numbers behind it by name, each of shape (n,).
        message: Makes the sentence from one image's evidence.
        severity: How bad it is.
    """
    ids = data.ids
    findings = []
    for row in np.flatnonzero(flagged):
        numbers = {name: round(float(values[row]), 6) for name, values in evidence.items()}
        findings.append(
            Finding(check, severity, message(numbers), (ids[row],), round(float(score[row]), 6), numbers)
        )
    return Found(tuple(findings))

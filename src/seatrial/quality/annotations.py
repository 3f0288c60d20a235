"""Check ``annotations``: what the reader of the data set noticed."""

from seatrial.datasets.problems import BOX_PROBLEMS
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding

__all__ = ["annotations"]

# cases that are listed with a finding; all are counted
_LISTED = 1000


def annotations(given: CheckInput) -> Found:
    """Report what the reader kept or left out though it was odd, one finding a kind.

    The score is the number of cases. Odd boxes are the check ``object_boxes``'s.
    """
    manifest = given.data.manifest
    if manifest.task == "classification" and not manifest.problems:
        raise NotApplicableError("labels of a classification are read whole or not at all")
    return Found(
        tuple(
            Finding(
                "annotations",
                one.severity,
                str(one),
                one.images,
                float(len(one.cases)),
                {"kind": one.kind, "count": len(one.cases), "cases": list(one.cases[:_LISTED])},
            )
            for one in manifest.problems
            if one.kind not in BOX_PROBLEMS
        )
    )

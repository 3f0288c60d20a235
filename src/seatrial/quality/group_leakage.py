"""Check ``group_leakage``: scenes, videos or patients that are in the reference, too."""

from collections import defaultdict

from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding

__all__ = ["group_leakage"]


def group_leakage(given: CheckInput) -> Found:
    """Report groups of the data set that also occur in the reference, one finding each.

    Images of one group are not independent: a model that was trained on some of them is judged too
    kindly on the others. The score is the number of samples of the data set in the group.
    """
    data, reference = given.data, given.needs_reference()
    there: defaultdict[str, int] = defaultdict(int)
    for group in reference.strings("group"):
        if group is not None:
            there[group] += 1
    here: defaultdict[str, list[str]] = defaultdict(list)
    for one, group in zip(data.ids, data.strings("group"), strict=True):
        if group is not None:
            here[group].append(one)
    if not here or not there:
        raise NotApplicableError(f"the {'reference' if here else 'data set'} has no groups")
    return Found(
        tuple(
            Finding(
                "group_leakage",
                "warning",
                f"group {group!r} is in the reference, too: {len(ids)} samples here, {there[group]} there",
                tuple(ids),
                float(len(ids)),
                {"group": group, "samples": len(ids), "reference_samples": there[group]},
            )
            for group, ids in here.items()
            if group in there
        )
    )

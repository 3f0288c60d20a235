"""Check ``exact_duplicates``: images that look exactly the same, within the data set."""

from collections import defaultdict

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.truths import truths

__all__ = ["exact_duplicates"]


def exact_duplicates(given: CheckInput) -> Found:
    """Report groups of images with equal decoded pixels and equal shape, whatever their files' bytes.

    One finding a group: the first labelled one is the one to keep, or the first where none is labelled.
    Labels (of a detection: objects; of a segmentation: masks) that contradict each other make it an error.
    The score is the number of copies too many.
    """
    data = given.needs_images()
    labels = dict(zip(data.ids, truths(data), strict=True))
    named = data.manifest.task == "classification"
    groups: defaultdict[tuple[int, int, int], list[str]] = defaultdict(list)
    for one, pixels in zip(data.ids, data.pixels(), strict=True):
        if pixels is not None:
            groups[pixels].append(one)
    return Found(
        tuple(_finding(pixels, ids, labels, named=named) for pixels, ids in groups.items() if len(ids) > 1)
    )


def _finding(
    pixels: tuple[int, int, int], ids: list[str], labels: dict[str, str | None], *, named: bool
) -> Finding:
    keep = next((one for one in ids if labels[one] is not None), ids[0])
    drop = [one for one in ids if one != keep]
    different = sorted({label for one in ids if (label := labels[one]) is not None})
    contradiction = len(different) > 1
    message = f"{len(ids)} images are the same to the pixel: keep {keep!r}, drop {examples(drop)}"
    if contradiction:
        message += (
            f"; their labels contradict each other: {examples(different)}"
            if named
            else f"; their annotations contradict each other in {len(different)} ways"
        )
    evidence = {"keep": keep, "drop": drop, "labels": different, "pixels": f"xxh64:{pixels[2]:016x}"}
    severity: Severity = "error" if contradiction else "warning"
    return Finding("exact_duplicates", severity, message, tuple(ids), float(len(drop)), evidence)

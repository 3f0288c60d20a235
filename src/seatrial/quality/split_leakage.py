"""Check ``split_leakage``: images that are in the reference, too."""

from collections import defaultdict

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding

__all__ = ["split_leakage"]


def split_leakage(given: CheckInput) -> Found:
    """Report images whose decoded pixels and shape equal those of an image of the reference.

    One finding a distinct image: a model that has seen it in training knows the answer. The score is the
    number of samples of the data set that it spoils.
    """
    data, reference = given.needs_images(), given.needs_reference()
    if not reference.has_images:
        raise NotApplicableError("the reference has no images, only a table")
    there: defaultdict[tuple[int, int, int], list[str]] = defaultdict(list)
    for one, pixels in zip(reference.ids, reference.pixels(), strict=True):
        if pixels is not None:
            there[pixels].append(one)
    here: defaultdict[tuple[int, int, int], list[str]] = defaultdict(list)
    for one, pixels in zip(data.ids, data.pixels(), strict=True):
        if pixels is not None and pixels in there:
            here[pixels].append(one)
    findings = (_finding(pixels, ids, there[pixels]) for pixels, ids in here.items())
    return Found(tuple(findings))


def _finding(pixels: tuple[int, int, int], ids: list[str], seen: list[str]) -> Finding:
    message = f"in the reference, too: {examples(ids)} is {examples(seen)} there, to the pixel"
    evidence = {"reference_ids": seen, "pixels": f"xxh64:{pixels[2]:016x}"}
    return Finding("split_leakage", "error", message, tuple(ids), float(len(ids)), evidence)

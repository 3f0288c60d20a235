"""Check ``near_leakage``: images of which the reference holds a copy that is nearly the same."""

from collections import defaultdict

import numpy as np

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found, NotApplicableError
from seatrial.quality.finding import Finding
from seatrial.quality.near import alike_across
from seatrial.quality.near_duplicates import first_of_equals

__all__ = ["near_leakage"]


def near_leakage(given: CheckInput) -> Found:
    """Report images that are in the reference, too, but for encoding, size, a small crop or brightness.

    One finding a distinct image: a model that has seen the other in training knows the answer. What is there
    to the pixel is ``split_leakage``'s. The score is the number of samples of the data set that it spoils.
    """
    data, reference = given.needs_images(), given.needs_reference()
    if not reference.has_images:
        raise NotApplicableError("the reference has no images, only a table")
    known = {pixels for pixels in reference.pixels() if pixels is not None}
    copies: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
    pixels = data.pixels()
    for row, one in enumerate(pixels):
        if one is not None and one not in known:
            copies[one].append(row)
    rows = np.array(sorted(same[0] for same in copies.values()), dtype=np.int64)
    least = given.options.near_duplicate_correlation
    pairs = alike_across(data, rows, reference, first_of_equals(reference), least)
    seen: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for (here, there), correlation in zip(pairs.rows.tolist(), pairs.correlation.tolist(), strict=True):
        seen[here].append((-correlation, there))
    ids, others = data.ids, reference.ids
    findings = []
    for row, found in seen.items():
        spoilt = tuple(ids[copy] for copy in copies[pixels[row] or (0, 0, 0)])
        nearest = [others[there] for _, there in sorted(found)]
        message = f"nearly in the reference, too: {examples(spoilt)} is {examples(nearest)} there"
        evidence = {"reference_ids": nearest, "correlation": round(-min(found)[0], 4)}
        findings.append(Finding("near_leakage", "error", message, spoilt, float(len(spoilt)), evidence))
    return Found(tuple(findings))

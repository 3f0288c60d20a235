"""Check ``near_duplicates``: images that are nearly the same, within the data set."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.near import AlikePairs, alike_within, connected
from seatrial.quality.truths import truths

__all__ = ["first_of_equals", "near_duplicates", "one_to_keep"]


def near_duplicates(given: CheckInput) -> Found:
    """Report groups of images that are copies of each other but for encoding, size, a small crop, brightness.

    One finding a group; images that are equal to the pixel count once, for ``exact_duplicates`` reports them.
    The one to keep is labelled, if any is, and the largest, then the sharpest. Labels that contradict
    each other make it an error. The score is the number of copies too many.
    """
    data = given.needs_images()
    pairs = alike_within(data, first_of_equals(data), given.options.near_duplicate_correlation)
    groups = connected(len(data), pairs.rows)
    if not groups:
        return Found(())
    labels = truths(data)
    named = data.manifest.task == "classification"
    return Found(tuple(_finding(data, rows, pairs, labels, named=named) for rows in groups))


def first_of_equals(data: MeasuredDataset) -> NDArray[np.int64]:
    """Give the rows of readable images, of those that are equal to the pixel only the first."""
    first: dict[tuple[int, int, int], int] = {}
    for row, pixels in enumerate(data.pixels()):
        if pixels is not None:
            first.setdefault(pixels, row)
    return np.array(sorted(first.values()), dtype=np.int64)


def one_to_keep(data: MeasuredDataset, rows: NDArray[np.int64], labels: Sequence[str | None]) -> int:
    """Give the place in ``rows`` of the image to keep: labelled if any is, the largest, then the sharpest.

    Args:
        data: The data set.
        rows: Rows of readable images.
        labels: What each row of the data set is labelled with.
    """
    area, sharpness = data.property("area")[rows], data.property("sharpness")[rows]
    labelled = np.array([labels[row] is not None for row in rows])
    return int(np.lexsort((np.arange(len(rows)), -sharpness, -area, ~labelled))[0])


def _finding(
    data: MeasuredDataset,
    rows: NDArray[np.int64],
    pairs: AlikePairs,
    labels: Sequence[str | None],
    *,
    named: bool,
) -> Finding:
    ids = data.manifest.table.column("id").take(rows).to_pylist()
    best = one_to_keep(data, rows, labels)
    drop = [one for one in ids if one != ids[best]]
    different = sorted({label for row in rows if (label := labels[row]) is not None})
    least = float(pairs.correlation[np.isin(pairs.rows[:, 0], rows)].min())
    message = f"{len(ids)} images are nearly the same: keep {ids[best]!r}, drop {examples(drop)}"
    if len(different) > 1:
        what = f": {examples(different)}" if named else f" in {len(different)} ways"
        message += f"; their {'labels' if named else 'annotations'} contradict each other{what}"
    evidence = {"keep": ids[best], "drop": drop, "labels": different, "least_correlation": round(least, 4)}
    severity: Severity = "error" if len(different) > 1 else "warning"
    return Finding("near_duplicates", severity, message, tuple(ids), float(len(drop)), evidence)

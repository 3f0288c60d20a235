"""Check ``embedding_duplicates``: images that are nearly the same to a model, within the data set."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import examples
from seatrial.quality.check import CheckInput, Found
from seatrial.quality.embedded_rows import embedded_rows
from seatrial.quality.finding import Finding, Severity
from seatrial.quality.measured import MeasuredDataset
from seatrial.quality.near import ClosePairs, are_alike, close_within, connected
from seatrial.quality.near_duplicates import one_to_keep
from seatrial.quality.truths import truths

__all__ = ["embedding_duplicates"]


def embedding_duplicates(given: CheckInput) -> Found:
    """Report groups of images that the evaluated model can hardly tell apart, though their pixels differ.

    Such are copies that were mirrored, recoloured or cropped by much, and photographs of one moment; it may
    be chance or the model's blindness, too: nearness is no proof. One finding a group that holds a pair which
    ``exact_duplicates`` and ``near_duplicates`` do not tell, with the one to keep as theirs. Labels that
    contradict each other make it a warning. The score is the number of copies too many.
    """
    data = given.needs_images()
    rows, vectors = embedded_rows(data, given.needs_evaluation(), "data set")
    close = close_within(vectors, given.options.embedding_expected)
    pairs = rows[close.rows]
    new = ~are_alike(data, data, pairs, given.options.near_duplicate_correlation)
    pairs, ratio = pairs[new], close.ratio[new]
    labels = truths(data)
    return Found(
        tuple(
            _finding(data, group, float(ratio[np.isin(pairs[:, 0], group)].max()), close, labels)
            for group in connected(len(data), pairs)
        )
    )


def _finding(
    data: MeasuredDataset,
    rows: NDArray[np.int64],
    ratio: float,
    close: ClosePairs,
    labels: Sequence[str | None],
) -> Finding:
    ids = data.manifest.table.column("id").take(rows).to_pylist()
    keep = ids[one_to_keep(data, rows, labels)]
    drop = [one for one in ids if one != keep]
    different = sorted({label for row in rows if (label := labels[row]) is not None})
    message = (
        f"{len(ids)} images are nearly the same to the model: if they are to you, keep {keep!r}, drop "
        f"{examples(drop)}"
    )
    if len(different) > 1:
        what = f": {examples(different)}" if data.manifest.task == "classification" else ""
        message += f"; they are annotated differently{what}"
    evidence = {
        "keep": keep,
        "drop": drop,
        "labels": different,
        "largest_ratio": round(ratio, 4),
        "threshold": round(close.most, 4),
        "dimension": round(close.dimension, 1),
    }
    severity: Severity = "warning" if len(different) > 1 else "info"
    return Finding("embedding_duplicates", severity, message, tuple(ids), float(len(drop)), evidence)

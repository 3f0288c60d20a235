"""Many small pictures: those that a cell of the confusion matrix or a lasso on the map opens."""

import base64
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from seatrial.mining import Failures
from seatrial.progress import progress
from seatrial.reporting.outcomes import Outcomes
from seatrial.reporting.thumbnails import thumbnail

__all__ = ["Atlas", "Picture", "draw_atlas"]

#: Samples that each cell of the confusion matrix shows at most.
PER_CELL = 12
_SIDE = 96
_QUALITY = 68
#: Bytes that a picture takes at least, as written in the page.
_LEAST_BYTES = 1_200


@dataclass(frozen=True, slots=True)
class Picture:
    """One sample as the page shows it small.

    Attributes:
        row: Its row in the evaluation.
        source: JPEG as a data URI; empty where there is no image or the room was used up.
        size: Width and height of the image itself in pixels; None where it was not read.
    """

    row: int
    source: str
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class Atlas:
    """The samples that can be looked at, and those of each cell.

    Attributes:
        pictures: The samples, the most telling first.
        cells: Places in ``pictures`` by codes of truth and prediction (of background: the number of classes),
            the worst first.
    """

    pictures: tuple[Picture, ...]
    cells: dict[tuple[int, int], tuple[int, ...]]

    @property
    def size(self) -> int:
        """Bytes of all pictures as written in the page."""
        return sum(len(one.source) for one in self.pictures)


def draw_atlas(
    uris: Sequence[str | None],
    outcomes: Outcomes,
    failures: Failures,
    *,
    first: Sequence[int] = (),
    most: int,
    room: int,
) -> Atlas:
    """Draw small pictures: of every cell the worst, then all errors, then others, until the room is used.

    Args:
        uris: Where each sample's image is, row for row.
        outcomes: What the model made of each.
        failures: The same by unit, for the cells.
        first: Rows that go before all others.
        most: Most samples.
        room: Most bytes of all pictures together, as written in the page.
    """
    cells = _cells(failures)
    rows = list(islice(dict.fromkeys(chain(first, _telling_first(cells, outcomes))), most))
    pictures, used = [], 0
    drawn = min(len(rows), room // _LEAST_BYTES)
    with (
        ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool,
        progress("draw pictures", drawn, "images") as advance,
    ):
        made = pool.map(lambda row: _picture(uris[row], outcomes, row), rows[:drawn])
        for picture in chain(made, (Picture(row, "") for row in rows[drawn:])):
            fits = used + len(picture.source) <= room
            pictures.append(picture if fits else Picture(picture.row, ""))
            used += len(picture.source) if fits else 0
            advance(1 if len(pictures) <= drawn else 0)
    place = {one.row: at for at, one in enumerate(pictures)}
    shown = {
        cell: tuple(dict.fromkeys(place[row] for row in listed if row in place))
        for cell, listed in cells.items()
    }
    return Atlas(tuple(pictures), {cell: places for cell, places in shown.items() if places})


def _cells(failures: Failures) -> dict[tuple[int, int], list[int]]:
    """List the rows of each cell, the worst first, each image once."""
    order = np.lexsort((failures.row, -failures.loss))
    size = len(failures.names)
    codes = failures.truth[order].astype(np.int64) * size + failures.prediction[order]
    found: dict[tuple[int, int], list[int]] = {}
    for code in np.unique(codes).tolist():
        rows = failures.row[order[codes == code]]
        found[divmod(code, size)] = list(dict.fromkeys(rows[: 4 * PER_CELL].tolist()))[:PER_CELL]
    return found


def _telling_first(cells: dict[tuple[int, int], list[int]], outcomes: Outcomes) -> Iterable[int]:
    """Go through all rows once: the cells' in turns, errors by how bad they are, then the rest spread out."""
    wrong = [rows for (truth, said), rows in cells.items() if truth != said]
    right = [rows for (truth, said), rows in cells.items() if truth == said]
    in_turns = (
        row for depth in range(PER_CELL) for rows in chain(wrong, right) for row in rows[depth : depth + 1]
    )
    error = np.where(outcomes.known, outcomes.error, 0.0)
    bad = np.flatnonzero(error > 0)
    errors = bad[np.lexsort((bad, -error[bad]))]
    others = np.flatnonzero(error <= 0)
    spread = others[np.random.default_rng(0).permutation(len(others))]
    return dict.fromkeys(chain(in_turns, errors.tolist(), spread.tolist()))


def _picture(uri: str | None, outcomes: Outcomes, row: int) -> Picture:
    made = None if uri is None else thumbnail(uri, outcomes.marks(row), side=_SIDE, quality=_QUALITY)
    if made is None:
        return Picture(row, "")
    return Picture(row, "data:image/jpeg;base64," + base64.b64encode(made.jpeg).decode("ascii"), made.size)

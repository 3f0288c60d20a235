"""Truths and predictions of a detection as arrays."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationTable

__all__ = ["Geometry", "Predictions", "Truths", "read_objects"]

#: What overlaps: boxes, or masks.
Geometry = Literal["box", "mask"]


@dataclass(frozen=True, slots=True)
class Truths:
    """Ground-truth objects of the annotated images.

    Attributes:
        image: Number of the image among the annotated ones, int32, shape (t,).
        label: Class codes, int32, shape (t,).
        box: x, y of the upper left corner, width and height in pixels, float64, shape (t, 4).
        area: In square pixels, float64, shape (t,): as annotated.
        crowd: Regions of many objects, bool, shape (t,).
        ignored: What neither rewards nor punishes, crowds included, bool, shape (t,).
        mask: Run lengths as COCO compresses them, one per truth; None where boxes overlap.
        row: Row (from 0) in the evaluation's objects, int64, shape (t,).
    """

    image: NDArray[np.int32]
    label: NDArray[np.int32]
    box: NDArray[np.float64]
    area: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    mask: list[bytes] | None
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.image)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predicted objects of the annotated images; as :class:`Truths`, but for these.

    Attributes:
        image: See there.
        label: See there.
        box: See there.
        area: Of the box or of the mask, whichever overlaps.
        score: Confidence, float64, shape (p,), in [0, 1].
        member: Whether it counts as a false positive where it finds no truth, bool, shape (p,).
        mask: See there.
        row: See there.
    """

    image: NDArray[np.int32]
    label: NDArray[np.int32]
    box: NDArray[np.float64]
    area: NDArray[np.float64]
    score: NDArray[np.float64]
    member: NDArray[np.bool_]
    mask: list[bytes] | None
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.image)


#: Columns of an evaluation's objects that are read.
_READ = ["image", "class", "x", "y", "width", "height", "area", "crowd", "ignore", "mask", "score"]


def read_objects(
    table: EvaluationTable, kept: NDArray[np.int64], geometry: Geometry
) -> tuple[Truths, Predictions]:
    """Take the objects of some images of a detection, in their order in the table.

    Args:
        table: The evaluation.
        kept: The images' rows in its samples.
        geometry: What overlaps.

    Raises:
        InputError: A role or class is unknown, a box, area or score is not a number, a score is out of
            [0, 1], or there is no mask where masks overlap; the message names row (from 1), image and column.
    """
    assert table.objects is not None
    ids = table.samples.column("id").take(pa.array(kept)).cast(pa.string())
    place = _places(table.objects.column("image"), ids)
    every = np.arange(table.objects.num_rows)
    parts = {}
    known = np.zeros(len(every), dtype=np.bool_)
    for role in ("truth", "prediction"):
        of_role = pc.equal(table.objects.column("role"), role).fill_null(fill_value=False)
        chosen = np.asarray(of_role.to_numpy(), dtype=np.bool_)
        known |= chosen
        rows = every[chosen & (place >= 0)]
        parts[role] = _Part(table.objects.select(_READ).take(pa.array(rows)), rows, table.header.classes)
    if not known.all():
        unknown = _Part(table.objects, every, ())
        raise unknown.wrong(int(np.flatnonzero(~known)[0]), "role", "'truth' or 'prediction'")
    truths, predictions = parts["truth"], parts["prediction"]
    box, predicted = truths.box(), predictions.box()
    crowd, masks = truths.flags("crowd"), geometry == "mask"
    return (
        Truths(
            place[truths.rows],
            truths.labels(),
            box,
            truths.numbers("area"),
            crowd,
            crowd | truths.flags("ignore"),
            truths.masks() if masks else None,
            truths.rows,
        ),
        Predictions(
            place[predictions.rows],
            predictions.labels(),
            predicted,
            predictions.numbers("area") if masks else predicted[:, 2] * predicted[:, 3],
            predictions.numbers("score", most=1.0),
            np.ones(len(predictions.rows), dtype=np.bool_),
            predictions.masks() if masks else None,
            predictions.rows,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """Some rows of the table of objects, and where they stand in it."""

    objects: pa.Table
    rows: NDArray[np.int64]
    classes: tuple[str, ...]

    def labels(self) -> NDArray[np.int32]:
        codes = _places(self.objects.column("class"), pa.array(self.classes, pa.string()))
        self._check("class", codes >= 0, f"one of {examples(self.classes)}")
        return codes

    def numbers(self, column: str, *, most: float = np.inf) -> NDArray[np.float64]:
        values = np.asarray(self.objects.column(column).cast(pa.float64()).fill_null(np.nan).to_numpy())
        if np.isfinite(most):
            self._check(column, (values >= 0) & (values <= most), f"a number from 0 to {most:g}")
        else:
            self._check(column, np.isfinite(values), "a number")
        return values

    def box(self) -> NDArray[np.float64]:
        return np.stack([self.numbers(name) for name in ("x", "y", "width", "height")], axis=1)

    def flags(self, column: str) -> NDArray[np.bool_]:
        filled = self.objects.column(column).fill_null(fill_value=False)
        return np.asarray(filled.to_numpy(), dtype=np.bool_)

    def masks(self) -> list[bytes]:
        column = self.objects.column("mask")
        self._check("mask", np.asarray(column.is_valid().to_numpy()), "a mask, as masks are to overlap")
        return list(column.to_pylist())

    def _check(self, column: str, right: NDArray[np.bool_], expected: str) -> None:
        if not right.all():
            raise self.wrong(int(np.flatnonzero(~right)[0]), column, expected)

    def wrong(self, place: int, column: str, expected: str) -> InputError:
        """Say what is wrong with one of the rows."""
        got, image = self.objects.column(column)[place].as_py(), self.objects.column("image")[place].as_py()
        return InputError(
            f"objects row {self.rows[place] + 1} (image {image!r}), column {column!r}: "
            f"expected {expected}, got {got!r}"
        )


def _places(values: pa.ChunkedArray, known: pa.Array | pa.ChunkedArray) -> NDArray[np.int32]:
    """Give the place of each value among the known ones, −1 where it is none of them."""
    if isinstance(known, pa.ChunkedArray):
        known = known.combine_chunks()
    found = pc.index_in(values.cast(pa.string()), value_set=known)
    return np.asarray(found.fill_null(-1).to_numpy(), dtype=np.int32)

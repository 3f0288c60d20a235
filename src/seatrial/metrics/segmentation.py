"""What a segmenter said of each annotated image, as pixel counts by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seatrial.errors import InputError, examples
from seatrial.evaluation import EvaluationTable
from seatrial.metrics.saliency import OFF_CORE, read_off_core, saliency_groups
from seatrial.metrics.sufficient import Group, divide

__all__ = ["AREAS", "SegmentationSamples", "expand"]

#: What :attr:`SegmentationSamples.areas` holds of a class in an image, in this order.
AREAS = ("both", "truth", "prediction", "boundary_both", "boundary_truth", "boundary_prediction")

_COUNTS = ("pixels", "boundary_truth", "boundary_prediction", "boundary_both")


@dataclass(frozen=True)
class SegmentationSamples:
    """Pixels of n annotated images by truth and prediction; void pixels are none.

    Attributes:
        classes: Class names in the order of the model's outputs.
        pairs: Image (place, ascending), truth code, prediction code and pixels of each pair that occurs,
            int64, shape (p, 4).
        places: Image (place, ascending) and class code of each class that occurs in an image, as truth or as
            prediction, int64, shape (k, 2).
        areas: Pixels of each of these, in the order of :data:`AREAS`, float64, shape (k, 6).
        size: How many images, n; one whose pixels are all void has neither pairs nor places.
        off_core: Share of each image's saliency outside of the core, float64, shape (n,), in [0, 1], NaN
            where unknown; None where nothing was explained.
    """

    classes: tuple[str, ...]
    pairs: NDArray[np.int64]
    places: NDArray[np.int64]
    areas: NDArray[np.float64]
    size: int
    off_core: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return self.size

    @classmethod
    def from_evaluation(cls, table: EvaluationTable) -> tuple["SegmentationSamples", NDArray[np.int64]]:
        """Take the annotated images of an evaluation.

        Returns:
            The samples, and the row number (from 0) of each in ``table``, ascending.

        Raises:
            InputError: The evaluation is of another task, or its pixels are of an image that is not there or
                not annotated, of an unknown class, negative, counted twice or without boundaries.
        """
        if table.header.task != "segmentation" or table.pixels is None:
            raise InputError(f"{table.header.model}: expected a segmentation, got {table.header.task}")
        rows = np.flatnonzero(table.samples.column("annotated").to_numpy()).astype(np.int64)
        ids, classes = table.samples.column("id").take(pa.array(rows)), table.header.classes
        pixels = table.pixels
        codes = np.stack(
            [
                _codes(pixels, "image", ids.to_pylist(), "an annotated image"),
                *(_codes(pixels, name, classes, "a class") for name in ("label", "prediction")),
            ],
            axis=1,
        )
        order = np.lexsort(codes.T[::-1])
        codes, pixels = codes[order], pixels.take(pa.array(order))
        repeated = np.flatnonzero((np.diff(codes, axis=0) == 0).all(axis=1))
        if repeated.size:
            raise InputError(f"{_where(pixels, int(repeated[0]))}: expected each pair once, got it twice")
        counts = {name: _counts(pixels, name, codes[:, 1] == codes[:, 2]) for name in _COUNTS}
        places, areas = _areas(pixels, codes, counts)
        occurs = counts["pixels"] > 0
        pairs = np.concatenate([codes, counts["pixels"][:, None]], axis=1)[occurs]
        return cls(classes, pairs, places, areas, len(rows), read_off_core(table, rows)), rows

    def groups(self, index: NDArray[np.int64], metrics: Sequence[str], *, per_class: bool) -> list[Group]:
        """Prepare metrics on some of the images, see :class:`~seatrial.metrics.sufficient.Samples`."""
        from seatrial.metrics.overlaps import Overlaps

        of_pixels = [name for name in metrics if name != OFF_CORE]
        groups: list[Group] = [Overlaps(self, index, of_pixels, per_class=per_class)] if of_pixels else []
        return groups + saliency_groups(self.off_core, index, metrics)

    def confusion(self, index: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """Count the pixels of each class that were taken for each.

        Args:
            index: Which of the images, shape (m,).

        Returns:
            (truth code, prediction code, pixels) of every pair that occurs, sorted by truth, then prediction.
        """
        entries, _ = expand(self.pairs[:, 0], index, len(self))
        chosen = self.pairs[entries]
        found, which = np.unique(chosen[:, 1] * len(self.classes) + chosen[:, 2], return_inverse=True)
        totals = np.zeros(len(found), dtype=np.int64)
        np.add.at(totals, which, chosen[:, 3])
        size = len(self.classes)
        return [
            (cell // size, cell % size, n) for cell, n in zip(found.tolist(), totals.tolist(), strict=True)
        ]

    @cached_property
    def ious(self) -> NDArray[np.float64]:
        """Intersection over union of each of :attr:`places`, shape (k,), in [0, 1]."""
        both, truth, prediction = self.areas.T[:3]
        return divide(both, truth + prediction - both)


def expand(
    images: NDArray[np.int64], index: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the entries of some images.

    Args:
        images: Image of each entry, ascending.
        index: Images, shape (m,); one that is there twice gives its entries twice.
        size: Number of all images.

    Returns:
        Entry numbers, and for each the place of its image in ``index``.
    """
    starts = np.searchsorted(images, np.arange(size + 1))
    first, lengths = starts[index], np.diff(starts)[index]
    columns = np.repeat(np.arange(len(index), dtype=np.int64), lengths)
    within = np.arange(len(columns)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[columns] + within, columns


def _areas(
    pixels: pa.Table, codes: NDArray[np.int64], counts: dict[str, NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Sum up the pairs of each image by class; see :class:`SegmentationSamples`."""
    own, there = codes[:, 1] == codes[:, 2], counts["pixels"] > 0
    occurring = np.concatenate([codes[there][:, [0, 1]], codes[there][:, [0, 2]]])
    places = np.unique(occurring, axis=0)
    size = int(codes.max(initial=0)) + 1
    keys, of_places = codes[:, [0, 1, 2]] * [size, 1, 1], places[:, 0] * size + places[:, 1]
    diagonal = keys[own, 0] + keys[own, 1]
    absent = np.flatnonzero(~np.isin(of_places, diagonal))
    if absent.size:
        image, code = places[int(absent[0])]
        row = int(np.flatnonzero((codes[:, 0] == image) & ((codes[:, 1:] == code).any(axis=1)))[0])
        raise InputError(f"{_where(pixels, row)}: expected a row with the boundaries of each class, got none")
    areas = np.zeros((len(places), len(AREAS)))
    row_of = np.searchsorted(diagonal, of_places)
    areas[:, 0] = counts["pixels"][own][row_of]
    for column, side in ((1, 1), (2, 2)):
        sums = np.bincount(
            np.searchsorted(of_places, (keys[:, 0] + keys[:, side])[there]),
            weights=counts["pixels"][there].astype(np.float64),
            minlength=len(places),
        )
        areas[:, column] = sums
    for column, name in enumerate(AREAS[3:], start=3):
        areas[:, column] = counts[name][own][row_of]
    return places, areas


def _codes(pixels: pa.Table, column: str, known: Sequence[str], what: str) -> NDArray[np.int64]:
    values = pixels.column(column).cast(pa.string())
    found = pc.index_in(values, value_set=pa.array(known, pa.string())).combine_chunks()
    if found.null_count:
        row = int(np.flatnonzero(found.is_null().to_numpy(zero_copy_only=False))[0])
        raise InputError(
            f"pixels, row {row + 1}, column {column!r}: expected {what} ({examples(known)}), "
            f"got {values[row].as_py()!r}"
        )
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def _counts(pixels: pa.Table, column: str, own: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Read counts; those of boundaries are needed in the rows of a class with itself alone."""
    values = pixels.column(column)
    known = np.asarray(values.is_valid())
    counts = np.asarray(values.fill_null(0), dtype=np.int64)
    wrong = np.flatnonzero((counts < 0) | ~(known | (~own if column != "pixels" else False)))
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            f"{_where(pixels, row)}, column {column!r}: expected a count of pixels, got {values[row].as_py()}"
        )
    return counts


def _where(pixels: pa.Table, row: int) -> str:
    image, label, prediction = (pixels.column(name)[row].as_py() for name in ("image", "label", "prediction"))
    return f"pixels of image {image!r}, {label!r} taken for {prediction!r}"

"""Pixels counted by truth and prediction: all that a segmentation's metrics need to know of an image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.errors import InputError, examples

__all__ = ["PIXEL_SCHEMA", "PixelCounts", "band_width", "pixel_counts", "pixel_table"]

#: The ``pixels`` of an evaluation table.
PIXEL_SCHEMA = pa.schema(
    [
        ("image", pa.string()),
        ("label", pa.string()),
        ("prediction", pa.string()),
        ("pixels", pa.int64()),
        ("boundary_truth", pa.int64()),
        ("boundary_prediction", pa.int64()),
        ("boundary_both", pa.int64()),
    ]
)

#: Width of a boundary's band as a share of the image's diagonal (Cheng et al. 2021, section 4).
_DIAGONAL_SHARE = 0.02

# outside of the image, where nothing is, and a void pixel, which is no evidence of a boundary
_NOWHERE, _LOWEST, _HIGHEST = -1, -2, 32767


@dataclass(frozen=True, slots=True)
class PixelCounts:
    """What one image's pixels amount to, void left out; k pairs of classes, sorted.

    Attributes:
        label: Class code of the truth, shape (k,).
        prediction: Class code of the prediction, shape (k,).
        pixels: Pixels of the pair, shape (k,). Every class that occurs in truth or prediction has a pair
            with itself, be it of zero pixels.
        boundary: Pixels of the class in the band along its boundary in the truth, in the prediction and in
            both, shape (k, 3); −1 where label and prediction differ.
    """

    label: NDArray[np.int64]
    prediction: NDArray[np.int64]
    pixels: NDArray[np.int64]
    boundary: NDArray[np.int64]


def band_width(height: int, width: int) -> int:
    """Give the width in pixels of the band along boundaries: 2 % of the diagonal, at least one."""
    return max(1, round(_DIAGONAL_SHARE * float(np.hypot(height, width))))


def pixel_counts(
    truth: NDArray[np.integer[Any]], prediction: NDArray[np.integer[Any]], classes: int, void: int | None
) -> PixelCounts:
    """Count an image's pixels by truth and prediction, and those along the boundaries.

    The band of a class holds its pixels that are nearer than :func:`band_width` (in the larger of the two
    coordinate differences) to a pixel of another class or to the outside of the image: a mask less its
    erosion by a square, as in Boundary IoU (Cheng et al. 2021, https://arxiv.org/abs/2103.16562). Pixels
    that are void in the truth count nowhere: they lie in no band, and no band lies along them.

    Args:
        truth: Class codes, shape (h, w), any integer type.
        prediction: Class codes, shape (h, w), any integer type; what it says where the truth is void does
            not matter.
        classes: Number of classes; codes are 0 to ``classes`` − 1.
        void: Code in the truth that stands for no class; None where there is none.

    Raises:
        InputError: The shapes differ, or a code is neither a class nor void.
    """
    if truth.shape != prediction.shape:
        raise InputError(
            f"expected a prediction of the truth's size, {_size(truth)} pixels, got {_size(prediction)}"
        )
    valid = np.ones(truth.shape, dtype=np.bool_) if void is None else truth != void
    _check_codes("truth", truth, valid, classes, void)
    _check_codes("prediction", prediction, valid, classes, void)
    labels, predictions = truth[valid].astype(np.int64), prediction[valid].astype(np.int64)
    matrix = np.bincount(labels * classes + predictions, minlength=classes**2).reshape(classes, classes)
    occurs = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    label, predicted = np.nonzero((matrix > 0) | np.diag(occurs))
    in_truth, in_prediction = _bands(truth, valid)[valid], _bands(prediction, valid)[valid]
    along = np.stack(
        [
            np.bincount(labels[in_truth], minlength=classes),
            np.bincount(predictions[in_prediction], minlength=classes),
            np.bincount(labels[in_truth & in_prediction & (labels == predictions)], minlength=classes),
        ],
        axis=1,
    )
    boundary = np.where((label == predicted)[:, None], along[label], -1)
    return PixelCounts(label, predicted, matrix[label, predicted], boundary)


def pixel_table(images: Sequence[str], counts: Sequence[PixelCounts], classes: Sequence[str]) -> pa.Table:
    """Make the ``pixels`` of an evaluation table.

    Args:
        images: Ids of the annotated images, in the manifest's order.
        counts: Counts of each.
        classes: Class names.

    Returns:
        Rows as :data:`PIXEL_SCHEMA` says.
    """
    if not counts:
        return PIXEL_SCHEMA.empty_table()
    names = pa.array(classes, pa.string())
    rows = np.repeat(np.arange(len(images)), [len(one.label) for one in counts])
    boundary = np.concatenate([one.boundary for one in counts])
    columns = [
        pa.array(images, pa.string()).take(pa.array(rows)),
        names.take(pa.array(np.concatenate([one.label for one in counts]))),
        names.take(pa.array(np.concatenate([one.prediction for one in counts]))),
        pa.array(np.concatenate([one.pixels for one in counts]), pa.int64()),
        *(pa.array(column, pa.int64(), mask=column < 0) for column in boundary.T),
    ]
    return pa.Table.from_arrays(columns, schema=PIXEL_SCHEMA)


def _bands(codes: NDArray[np.integer[Any]], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which pixels are in the band of their own class, for all classes at once.

    A pixel survives its class's erosion exactly when the lowest and the highest code of the square around
    it are its own; void is skipped by being the highest of lows and the lowest of highs.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    side = 2 * band_width(*codes.shape) + 1
    signed = codes.astype(np.int16)  # class codes fit; void codes, which may not, are replaced
    lows, highs = np.where(valid, signed, _HIGHEST), np.where(valid, signed, _LOWEST)
    low = minimum_filter(lows, size=side, mode="constant", cval=_NOWHERE)
    high = maximum_filter(highs, size=side, mode="constant", cval=_NOWHERE)
    return np.asarray(valid & ((low != lows) | (high != highs)))


def _check_codes(
    what: str, codes: NDArray[np.integer[Any]], valid: NDArray[np.bool_], classes: int, void: int | None
) -> None:
    wrong = valid & ((codes < 0) | (codes >= classes))
    if wrong.any():
        found = np.unique(codes[wrong]).tolist()
        free = "" if void is None else f" or {void} (void)"
        raise InputError(
            f"{what}: expected codes from 0 to {classes - 1}{free}, "
            f"got {examples(found)} in {int(wrong.sum())} pixels"
        )


def _size(codes: NDArray[np.integer[Any]]) -> str:
    return "×".join(map(str, codes.shape[::-1]))

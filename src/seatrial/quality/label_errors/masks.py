"""Where a segmentation's truth and prediction disagree: pixels, regions of them, and how much it matters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MaskRegion", "doubt_masks"]

#: Distance from the boundary beyond which a pixel counts no more, as a share of the image's diagonal.
_FARTHEST = 0.2

RegionKind = Literal["missing", "extra", "wrong_class", "boundary"]


@dataclass(frozen=True, slots=True)
class MaskRegion:
    """Connected pixels of one class in the truth and another in the prediction.

    Attributes:
        kind: ``missing`` where the predicted segment is nowhere in the truth, ``extra`` where the true
            segment is nowhere in the prediction, ``wrong_class`` where both, ``boundary`` where neither.
        label: Class code of the truth.
        prediction: Class code of the prediction.
        pixels: How many.
        depth: Largest distance to a boundary of the truth, in pixels.
        doubt: Share of the image's doubt.
        box: x, y of the upper left corner, width, height, in pixels.
        mask: The region within its box, shape (height, width).
    """

    kind: RegionKind
    label: int
    prediction: int
    pixels: int
    depth: float
    doubt: float
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]


def doubt_masks(
    truth: NDArray[np.integer[Any]], prediction: NDArray[np.integer[Any]], void: int | None
) -> tuple[float, list[MaskRegion]]:
    """Weigh what truth and prediction disagree about by how far from the truth's boundaries it lies.

    A boundary that is a few pixels off is drawn otherwise; what lies deep inside a segment, or far from all,
    is a mistake. A pixel's doubt is its distance to the truth's next boundary in diagonals of the image, at
    most 0.2; that of a region is the sum over its pixels, divided by the pixels of the image; that of the
    image is the sum over its regions.

    Args:
        truth: Class codes, shape (h, w).
        prediction: Class codes, shape (h, w).
        void: Code in the truth that stands for no class; None where there is none.

    Returns:
        The image's doubt, in [0, 0.2], and the regions, most doubted first.
    """
    from scipy.ndimage import distance_transform_edt

    differs = truth != prediction
    if void is not None:
        differs &= truth != void
    if not differs.any():
        return 0.0, []
    farthest = _FARTHEST * float(np.hypot(*truth.shape))
    boundary = _boundary(truth, void)
    distance = np.full(truth.shape, farthest)
    if boundary.any():
        distance = np.minimum(distance_transform_edt(~boundary) + 0.5, farthest)
    weight = np.where(differs, distance, 0.0) / (float(np.hypot(*truth.shape)) * truth.size)
    regions = sorted(_regions(truth, prediction, differs, distance, weight), key=lambda one: -one.doubt)
    return float(weight.sum()), regions


def _boundary(codes: NDArray[np.integer[Any]], void: int | None) -> NDArray[np.bool_]:
    """Tell which pixels touch one of another class; void is no class."""
    found = np.zeros(codes.shape, dtype=np.bool_)
    for axis in (0, 1):
        one, other = (np.moveaxis(codes, axis, 0)[part] for part in (slice(1, None), slice(None, -1)))
        change = one != other
        if void is not None:
            change &= (one != void) & (other != void)
        moved = np.moveaxis(found, axis, 0)
        moved[1:] |= change
        moved[:-1] |= change
    return found


def _regions(
    truth: NDArray[np.integer[Any]],
    prediction: NDArray[np.integer[Any]],
    differs: NDArray[np.bool_],
    distance: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> Iterator[MaskRegion]:
    from scipy.ndimage import find_objects, label

    segments, agreeing = {}, {}
    for what, codes in (("truth", truth), ("prediction", prediction)):
        segments[what] = _connected(codes)
        agreeing[what] = np.bincount(segments[what][~differs], minlength=int(segments[what].max()) + 1) > 0
    pairs = np.unique(np.stack([truth[differs], prediction[differs]]), axis=1).T
    for code, other in pairs.tolist():
        numbers, _ = label(differs & (truth == code) & (prediction == other))
        for number, place in enumerate(find_objects(numbers), start=1):
            mask = numbers[place] == number
            known = {name: agreeing[name][segments[name][place][mask][0]] for name in segments}
            kind: RegionKind = "boundary"
            if not known["truth"]:
                kind = "extra" if known["prediction"] else "wrong_class"
            elif not known["prediction"]:
                kind = "missing"
            rows, columns = place
            yield MaskRegion(
                kind,
                int(code),
                int(other),
                int(mask.sum()),
                float(distance[place][mask].max()),
                float(weight[place][mask].sum()),
                (columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start),
                mask,
            )


def _connected(codes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Number the connected segments of all classes, from 0."""
    from scipy.ndimage import label

    found, count = np.zeros(codes.shape, dtype=np.int64), 0
    for code in np.unique(codes).tolist():
        numbers, most = label(codes == code)
        found = np.where(numbers > 0, numbers + (count - 1), found)
        count += most
    return found

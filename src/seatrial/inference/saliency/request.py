"""What is to be explained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seatrial.inference.decoding import DecodedImage
from seatrial.inference.preprocess import Placement

__all__ = ["Request", "placed_core"]

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Request:
    """One explanation that is wanted.

    Attributes:
        id: The sample.
        uri: Where its image is; None where the data set does not say.
        target: Code of the class whose score is explained, in the evaluation's classes.
        truth: Code of the true class; None where there is none.
        box: Of the object whose score is explained: x, y, width, height in pixels; None for the image.
        mask: Where an image of codes is that says what is core; None where there is none.
        core_codes: Codes in that image that are core.
        core_boxes: Boxes whose union is core, in pixels; None where there are none. Masks win.
        try_windows: Whether windows are blanked to see which one changes the truth's probability.
    """

    id: str
    uri: str | None
    target: int
    truth: int | None = None
    box: Box | None = None
    mask: str | None = None
    core_codes: tuple[int, ...] = ()
    core_boxes: tuple[Box, ...] | None = None
    try_windows: bool = False


def placed_core(request: Request, image: DecodedImage, placed: Placement) -> NDArray[np.bool_] | None:
    """Say which pixels of the model's input are core.

    Args:
        request: What is core.
        image: Its image, with the codes that were decoded.
        placed: Where the image lies in the input.

    Returns:
        Shape (height, width) of the input; None where nothing says what is core, or nothing of it is in the
        input.
    """
    if image.truth is not None:
        core = np.isin(image.truth, request.core_codes)
    elif request.core_boxes is not None:
        core = _union(request.core_boxes, image.size)
    else:
        return None
    fitted = _fitted(core, placed)
    return fitted if fitted.any() else None


def _union(boxes: Sequence[Box], size: tuple[int, int]) -> NDArray[np.bool_]:
    width, height = size
    core = np.zeros((height, width), dtype=np.bool_)
    for x, y, across, down in boxes:
        left, top = max(int(np.floor(x)), 0), max(int(np.floor(y)), 0)
        core[top : max(int(np.ceil(y + down)), 0), left : max(int(np.ceil(x + across)), 0)] = True
    return core


def _fitted(core: NDArray[np.bool_], placed: Placement) -> NDArray[np.bool_]:
    """Take a mask of the image to the model's input; of a larger image, the nearest pixels."""
    (width, height), (frame_width, frame_height) = placed.resized, placed.frame
    rows = _nearest(frame_height, placed.top, height, core.shape[0])
    columns = _nearest(frame_width, placed.left, width, core.shape[1])
    inside = (rows >= 0)[:, None] & (columns >= 0)[None]
    return np.asarray(core[rows.clip(0)][:, columns.clip(0)] & inside)


def _nearest(frame: int, start: int, resized: int, original: int) -> NDArray[np.int64]:
    """Give the original's row of each of the frame's; −1 outside of it."""
    places = np.arange(frame) - start
    found = ((places + 0.5) * original / resized).astype(np.int64).clip(0, original - 1)
    return np.where((places >= 0) & (places < resized), found, -1)

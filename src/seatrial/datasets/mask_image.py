"""Images of class codes: how a mask's pixels become classes, in a truth as in a prediction."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seatrial.errors import examples
from seatrial.images import UnreadableImageError, decode_codes

__all__ = ["class_codes"]


def class_codes(data: bytes, classes: int, void: int | None, *, foreground: bool) -> NDArray[np.integer[Any]]:
    """Decode a mask.

    Args:
        data: Bytes of an image of codes: an index or palette PNG, an instance map.
        classes: Number of classes.
        void: Code that stands for no class; None where there is none.
        foreground: Codes are numbers of instances: 0 is class 0, everything else (but void) is class 1.

    Returns:
        Shape (height, width): codes from 0 to ``classes`` − 1, or ``void``.

    Raises:
        UnreadableImageError: The bytes are no image of codes, or a code is neither a class nor void; the
            message says which codes and in how many pixels.
    """
    codes = decode_codes(data)
    if foreground:
        mask = codes > 0 if void is None else np.where(codes == void, void, codes > 0)
        return mask.astype(np.uint32)
    wrong = codes >= classes
    if void is not None:
        wrong &= codes != void
    if wrong.any():
        found = np.unique(codes[wrong]).tolist()
        or_void = "" if void is None else f" or {void} (void)"
        raise UnreadableImageError(
            f"expected class codes from 0 to {classes - 1}{or_void}, "
            f"got {examples(found)} in {int(wrong.sum())} pixels"
        )
    return codes

"""Label Studio's brush strokes: a mask as the run-length encoding of an RGBA image, packed bit for bit.

The format is that of the JavaScript package ``rle-pack``: the number of values (32 bits), the width of a
value less one (5 bits), four widths of run lengths less one (4 bits each); then for each run a 1, which of
the four widths is used (2 bits), the length less one, and the value.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["brush_rle"]

_CHANNELS = 4
_WIDTHS = (4, 8, 12, 16)
_LONGEST = 1 << _WIDTHS[-1]
_VALUE_BITS = 8


def brush_rle(mask: NDArray[np.bool_]) -> list[int]:
    """Encode a mask as Label Studio's ``rle``.

    Args:
        mask: Shape (height, width); what is true is painted.

    Returns:
        Bytes, each in [0, 255].
    """
    flat = np.ascontiguousarray(mask).reshape(-1)
    edges = np.flatnonzero(np.diff(flat)) + 1
    starts = np.concatenate([[0], edges])
    lengths = np.diff(np.concatenate([starts, [flat.size]])) * _CHANNELS
    bits = [f"{flat.size * _CHANNELS:032b}", f"{_VALUE_BITS - 1:05b}"]
    bits += [f"{width - 1:04b}" for width in _WIDTHS]
    for painted, length in zip(flat[starts].tolist(), lengths.tolist(), strict=True):
        whole, rest = divmod(length, _LONGEST)
        bits += [_run(_LONGEST, painted=painted)] * whole
        if rest:
            bits.append(_run(rest, painted=painted))
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def _run(length: int, *, painted: bool) -> str:
    choice = next(number for number, width in enumerate(_WIDTHS) if length <= 1 << width)
    return f"1{choice:02b}{length - 1:0{_WIDTHS[choice]}b}{255 if painted else 0:08b}"

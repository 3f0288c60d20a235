"""What is drawn on the picture of a sample: boxes found, missed or made up, surfaces as predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from seatrial.images import decode_codes

__all__ = ["COLOURS", "Mark", "drawn"]

Kind = Literal["found", "missed", "right", "false", "surfaces", "outline"]

#: Colour of each kind of box, in the words of the page: what is true is light, what is said is green or red.
COLOURS: dict[Kind, tuple[int, int, int]] = {
    "found": (255, 255, 255),
    "missed": (255, 196, 0),
    "right": (46, 204, 113),
    "false": (255, 64, 64),
}

#: Okabe and Ito's colours, which people with any colour vision tell apart; the first surface stays as it is.
_SURFACES = (
    (0, 0, 0),
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
)
_TINT = 0.55


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to draw.

    Attributes:
        kind: What it is: a true object that was ``found`` or ``missed``, a prediction that is ``right`` or
            ``false``; ``surfaces`` for a whole predicted mask, ``outline`` for the borders of a true one.
        box: x, y, width and height in pixels of the image; None for a mask.
        png: The mask, class codes as an image; None for a box.
    """

    kind: Kind
    box: tuple[float, float, float, float] | None = None
    png: bytes | None = None


def drawn(image: Image.Image, size: tuple[int, int], marks: Sequence[Mark]) -> Image.Image:
    """Draw marks on a picture.

    Args:
        image: The picture, of any size.
        size: Width and height of the image that the marks are of.
        marks: What to draw.
    """
    for mark in marks:
        if mark.png is not None:
            image = (_tinted if mark.kind == "surfaces" else _outlined)(image, mark.png)
    across, down = image.width / size[0], image.height / size[1]
    draw = ImageDraw.Draw(image)
    for mark in marks:
        if mark.box is not None:
            x, y, width, height = mark.box
            left, top = max(0, round(x * across)), max(0, round(y * down))
            right = min(image.width - 1, round((x + width) * across))
            bottom = min(image.height - 1, round((y + height) * down))
            draw.rectangle(
                (left, top, max(left, right), max(top, bottom)), outline=COLOURS[mark.kind], width=2
            )
    return image


def _tinted(image: Image.Image, png: bytes) -> Image.Image:
    codes = _codes(image, png)
    palette = np.array(_SURFACES, dtype=np.float64)
    colours = palette[np.where(codes == 0, 0, 1 + (codes - 1) % (len(palette) - 1))]
    pixels = np.asarray(image, dtype=np.float64)
    mixed = np.where((codes > 0)[..., None], (1 - _TINT) * pixels + _TINT * colours, pixels)
    return Image.fromarray(mixed.astype(np.uint8))


def _outlined(image: Image.Image, png: bytes) -> Image.Image:
    """Draw a light line with a dark edge where two classes meet: it is seen on any surface."""
    codes = _codes(image, png)
    line = np.zeros(codes.shape, dtype=np.bool_)
    line[1:] |= codes[1:] != codes[:-1]
    line[:, 1:] |= codes[:, 1:] != codes[:, :-1]
    edge = line.copy()
    edge[:-1] |= line[1:]
    edge[:, :-1] |= line[:, 1:]
    pixels = np.array(image)
    pixels[edge] = pixels[edge] // 3
    pixels[line] = COLOURS["found"]
    return Image.fromarray(pixels)


def _codes(image: Image.Image, png: bytes) -> NDArray[np.int32]:
    """Take a mask to the size of a picture."""
    mask = Image.fromarray(decode_codes(png).astype(np.int32))
    return np.asarray(mask.resize(image.size, Image.Resampling.NEAREST), dtype=np.int32)

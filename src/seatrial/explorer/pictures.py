"""The picture of a sample, with what was found in it drawn on."""

import io

from PIL import Image

from seatrial.explorer.opened import OpenedEvaluation
from seatrial.images import UnreadableImageError, decode_rgb, read_bytes
from seatrial.reporting.overlays import drawn

__all__ = ["picture"]

_QUALITY = 85


def picture(opened: OpenedEvaluation, row: int, side: int) -> bytes:
    """Make a JPEG of a sample; nothing but the images of the evaluation is ever read.

    Args:
        opened: The evaluation.
        row: The sample's row.
        side: Most pixels of the longer side; a smaller image is enlarged where boxes are drawn on it.

    Raises:
        UnreadableImageError: The sample has no image, or it cannot be read.
    """
    uri = opened.table.samples.column("uri")[row].as_py()
    if uri is None:
        raise UnreadableImageError("this sample has no image")
    image = Image.fromarray(decode_rgb(read_bytes(uri)))
    marks, size = opened.outcomes.marks(row), image.size
    scale = side / max(size)
    if scale < 1 or marks:
        target = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
        image = image.resize(target, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    drawn(image, size, marks).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()

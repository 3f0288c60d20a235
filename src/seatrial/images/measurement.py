"""Everything that one decode tells of an image, and the columns in which tables hold it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seatrial.images.decode import Encoding, UnreadableImageError, decode_image, pixels_of
from seatrial.images.properties import PROPERTIES, measure_pixels

__all__ = ["LOOK_SIDE", "MEASURED", "Measurement", "measure_bytes", "measured_table", "unmeasured"]

#: Side of the square grid of grey means that images are compared by.
LOOK_SIDE = 24

#: Columns of measurements: ``reason`` is null where the image could be decoded, the others are null where it
#: could not. ``pixels`` is XXH64 of the pixels and their shape, ``look`` the grid of grey means.
MEASURED = pa.schema(
    [
        ("reason", pa.string()),
        ("format", pa.string()),
        ("mode", pa.string()),
        ("frames", pa.int32()),
        ("orientation", pa.int8()),
        ("pixels", pa.uint64()),
        ("look", pa.binary(LOOK_SIDE * LOOK_SIDE)),
        *((name, pa.float64()) for name in PROPERTIES),
    ]
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one decode told of an image.

    Attributes:
        reason: Why it cannot be decoded; empty where it can.
        encoding: How it is stored; None where it cannot be decoded, as are all the others.
        properties: The values of :data:`~seatrial.images.PROPERTIES`.
        pixel_hash: XXH64 of the pixels and their shape.
        look: Grey means of a square grid, uint8, row by row.
    """

    reason: str
    encoding: Encoding | None = None
    properties: NDArray[np.float64] | None = None
    pixel_hash: int | None = None
    look: bytes | None = None


def measure_bytes(data: bytes) -> Measurement:
    """Decode an image once and measure it; what is wrong with it is recorded, never raised.

    Args:
        data: The file's bytes.
    """
    try:
        image, encoding = decode_image(data)
    except UnreadableImageError as error:
        return Measurement(str(error))
    from seatrial.images.kernels import area_means

    measured = measure_pixels(pixels_of(image))
    look = area_means(measured.grey, LOOK_SIDE).round().astype(np.uint8)
    return Measurement("", encoding, measured.properties, measured.pixel_hash, look.tobytes())


def measured_table(rows: Sequence[Measurement]) -> pa.Table:
    """Put measurements into a table with the columns :data:`MEASURED`."""
    none = np.full(len(PROPERTIES), np.nan)
    values = [none if row.properties is None else row.properties for row in rows]
    matrix = np.array(values, dtype=np.float64).reshape(len(rows), len(PROPERTIES))
    absent = np.array([row.properties is None for row in rows], dtype=bool)
    encodings = [row.encoding for row in rows]
    return pa.table(
        [
            pa.array([row.reason or None for row in rows], pa.string()),
            pa.array([one and one.format for one in encodings], pa.string()),
            pa.array([one and one.mode for one in encodings], pa.string()),
            pa.array([one and one.frames for one in encodings], pa.int32()),
            pa.array([one and one.orientation for one in encodings], pa.int8()),
            pa.array([row.pixel_hash for row in rows], pa.uint64()),
            pa.array([row.look for row in rows], MEASURED.field("look").type),
            *(pa.array(matrix[:, column], pa.float64(), mask=absent) for column in range(len(PROPERTIES))),
        ],
        schema=MEASURED,
    )


def unmeasured(count: int) -> pa.Table:
    """Give a table of ``count`` rows of which nothing is known."""
    return pa.table([pa.nulls(count, field.type) for field in MEASURED], schema=MEASURED)

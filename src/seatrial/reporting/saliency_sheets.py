"""Sheets of pictures: what a model saw of each sample of a confusion cell, and where it looked."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from seatrial.evaluation import Explanations
from seatrial.images import UnreadableImageError, decode_rgb, read_bytes
from seatrial.inference import Preprocess
from seatrial.inference.preprocess import fit
from seatrial.mining.explaining import CellView

__all__ = ["Sheet", "overlay", "sheets"]

#: Cells that get a sheet, and samples on one.
MOST_SHEETS, MOST_SAMPLES = 24, 8

_TILE, _GAP, _HEAD, _FOOT = 144, 6, 30, 16
_PAPER, _INK, _QUIET = (255, 255, 255), (23, 32, 43), (86, 98, 113)
_CORE, _PATCH = (0, 200, 255), (255, 255, 255)
_HALF = 128
_QUALITY = 82

#: A rise of the truth's probability that is worth a frame around the window that caused it.
_TELLING = 0.25

#: Colours of salience from none to most, dark to light, told apart by people with any colour vision.
_RAMP = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The pictures of one cell.

    Attributes:
        name: The cell's.
        ids: The samples that are shown.
        png: The sheet.
        jpeg: The same, smaller.
    """

    name: str
    ids: tuple[str, ...]
    png: bytes
    jpeg: bytes


def sheets(
    cells: Sequence[CellView],
    explanations: Explanations,
    uris: Mapping[str, str | None],
    preprocess: Preprocess,
) -> list[Sheet]:
    """Draw a sheet for each cell of which something is explained, in their order.

    A sheet shows each sample as the model saw it and, below, with its salience; what is core has a blue
    outline, and a window that brings the truth back when it is blanked a white frame. Images that cannot be
    read are left out.

    Args:
        cells: What to show.
        explanations: Their maps.
        uris: Where each image is, by its id.
        preprocess: How images became the model's input.
    """
    rows = explanations.samples.to_pylist()
    made: list[Sheet] = []
    for cell in cells:
        if len(made) == MOST_SHEETS:
            break
        places = [one["explained"] for one in cell.samples if one["explained"] is not None]
        shown = [rows[place] for place in places if rows[place]["map"] is not None][: 2 * MOST_SAMPLES]
        pictures = [(row, _input(uris.get(row["id"]), preprocess)) for row in shown]
        tiles = [(row, picture) for row, picture in pictures if picture is not None][:MOST_SAMPLES]
        if tiles:
            drawn = _drawn(cell, tiles)
            ids = tuple(row["id"] for row, _ in tiles)
            made.append(Sheet(cell.name, ids, _encoded(drawn, "PNG"), _encoded(drawn, "JPEG")))
    return made


def overlay(
    pixels: NDArray[np.uint8], cells: NDArray[np.uint8], size: int, core: NDArray[np.uint8] | None = None
) -> Image.Image:
    """Lay a map over the image that it explains.

    Args:
        pixels: The model's input, shape (height, width, 3).
        cells: Salience, shape (side, side).
        size: Longer side of the picture in pixels.
        core: Share of each cell that is core, of 255, shape (side, side); None where nothing is known.
    """
    image = _enlarged(pixels, size)
    smooth = np.asarray(Image.fromarray(cells).resize(image.size, Image.Resampling.BICUBIC), dtype=np.float64)
    salience = smooth / 255
    places = salience * (len(_RAMP) - 1)
    low = np.floor(places).astype(np.int64).clip(0, len(_RAMP) - 2)
    part = (places - low)[..., None]
    colours = _RAMP[low] * (1 - part) + _RAMP[low + 1] * part
    grey = np.asarray(image.convert("L").convert("RGB"), dtype=np.float64)
    opacity = 0.25 + 0.5 * salience[..., None]
    mixed = Image.fromarray((grey * (1 - opacity) + colours * opacity).clip(0, 255).astype(np.uint8))
    return mixed if core is None else _outlined(mixed, core)


def _input(uri: str | None, preprocess: Preprocess) -> NDArray[np.uint8] | None:
    if uri is None:
        return None
    try:
        return fit(decode_rgb(read_bytes(uri)), preprocess)
    except UnreadableImageError:
        return None


def _enlarged(pixels: NDArray[np.uint8], size: int) -> Image.Image:
    image = Image.fromarray(pixels)
    scale = size / max(image.size)
    wanted = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize((wanted[0], wanted[1]), Image.Resampling.BICUBIC)


def _outlined(image: Image.Image, core: NDArray[np.uint8]) -> Image.Image:
    inside = np.asarray(Image.fromarray(core).resize(image.size, Image.Resampling.BILINEAR)) >= _HALF
    edge = np.zeros_like(inside)
    edge[1:] |= inside[1:] != inside[:-1]
    edge[:, 1:] |= inside[:, 1:] != inside[:, :-1]
    pixels = np.array(image)
    pixels[edge] = _CORE
    return Image.fromarray(pixels)


def _drawn(cell: CellView, tiles: Sequence[tuple[dict[str, object], NDArray[np.uint8]]]) -> Image.Image:
    width = _GAP + len(tiles) * (_TILE + _GAP)
    width = max(width, 4 * (_TILE + _GAP))
    seen = [_enlarged(pixels, _TILE) for _, pixels in tiles]
    height = max(one.height for one in seen)
    sheet = Image.new("RGB", (width, _HEAD + 2 * (height + _GAP) + _FOOT), _PAPER)
    draw = ImageDraw.Draw(sheet)
    title, small = ImageFont.load_default(15), ImageFont.load_default(10)
    draw.text((_GAP, 6), _ascii(_title(cell)), fill=_INK, font=title)
    for number, (row, pixels) in enumerate(tiles):
        left = _GAP + number * (_TILE + _GAP)
        sheet.paste(seen[number], (left, _HEAD))
        top = _HEAD + height + _GAP
        side, core, patch = int(str(row["side"])), row["core"], row["patch"]
        cells = _square(row["map"], side)
        shown = overlay(pixels, cells, _TILE, None if core is None else _square(core, side))
        if isinstance(patch, list) and float(str(row["patch_flip"])) >= _TELLING:
            _framed(shown, patch)
        sheet.paste(shown, (left, top))
        draw.text((left, top + height + 2), _ascii(_caption(row)), fill=_QUIET, font=small)
    return sheet


def _encoded(image: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, optimize=True, quality=_QUALITY)
    return stream.getvalue()


def _framed(image: Image.Image, patch: Sequence[float]) -> None:
    x, y, width, height = patch
    corners = (
        x * image.width,
        y * image.height,
        (x + width) * image.width - 1,
        (y + height) * image.height - 1,
    )
    ImageDraw.Draw(image).rectangle(corners, outline=_PATCH, width=2)


def _square(data: object, side: int) -> NDArray[np.uint8]:
    assert isinstance(data, bytes)
    return np.frombuffer(data, dtype=np.uint8).reshape(side, side)


def _title(cell: CellView) -> str:
    value = getattr(cell.off_core, "value", None)
    looked = "" if value is None else f", {value:.0%} of the saliency outside of the core"
    return f"{cell.name.replace('→', 'taken for')}: {cell.n} samples{looked}"


def _caption(row: Mapping[str, object]) -> str:
    """Write the numbers of a sample; three of them fit below its picture."""
    numbers = [("off-core", row["off_core"]), ("flip", row["flip"]), ("patch", row["patch_flip"])]
    if all(isinstance(value, float) for _, value in numbers):
        numbers[0] = ("off", row["off_core"])
    return " ".join(f"{name} {value:.2f}" for name, value in numbers if isinstance(value, float))


def _ascii(text: str) -> str:
    """Keep what the built-in font has; the page beside the sheets says names as they are."""
    return text.encode("latin-1", "replace").decode("latin-1")

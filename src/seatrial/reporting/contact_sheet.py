"""Contact sheets: pictures side by side with what is said of each, as a page and as one picture."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
import numpy as np
from markupsafe import Markup
from PIL import Image, ImageDraw, ImageFont

from seatrial import __version__
from seatrial.images import UnreadableImageError, decode_rgb, read_bytes
from seatrial.reporting.display import plain
from seatrial.reporting.page import asset, content_security_policy

__all__ = ["Row", "Tile", "contact_picture", "contact_sheet"]

#: Pictures on a page or sheet, at most; what follows is counted.
MOST_TILES = 400

_SIDE, _GAP, _HEAD, _FOOT, _COLUMNS = 112, 8, 24, 14, 8
_PAPER, _INK, _QUIET, _EMPTY = (255, 255, 255), (23, 32, 43), (86, 98, 113), (232, 236, 240)
_CONTEXT = 0.1

#: Characters at the beginning of a caption that are never cut: a distance.
_HEADED = 6
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture and what is said of it.

    Attributes:
        uri: The image; None where nobody knows.
        caption: A few words below it.
        note: A sentence, shown on demand.
        box: x, y, width and height in pixels of the object that is shown; None for the whole image.
    """

    uri: str | None
    caption: str
    note: str = ""
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Pictures under one heading.

    Attributes:
        title: The heading.
        lead: A sentence below it.
        tiles: The pictures, the first first.
    """

    title: str
    lead: str
    tiles: tuple[Tile, ...]


def contact_sheet(title: str, lead: Sequence[str], rows: Sequence[Row]) -> str:
    """Write a contact sheet as one HTML page that fetches nothing; the same inputs give the same text.

    Args:
        title: What is shown.
        lead: Sentences below it.
        rows: The pictures.
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = asset("page.css") + asset("contact_sheet.css")
    left = MOST_TILES
    views = []
    for row in rows:
        shown = row.tiles[:left]
        left -= len(shown)
        views.append(
            {
                "title": plain(row.title),
                "lead": plain(row.lead),
                "more": len(row.tiles) - len(shown),
                "tiles": [
                    {"picture": _data_uri(tile), "caption": plain(tile.caption), "note": plain(tile.note)}
                    for tile in shown
                ],
            }
        )
    return environment.from_string(asset("contact_sheet.html")).render(
        policy=content_security_policy(style, ""),
        style=Markup(style),  # noqa: S704 - the package's own file
        version=__version__,
        title=plain(title),
        lead=[plain(one) for one in lead],
        rows=views,
    )


def contact_picture(rows: Sequence[Row], *, each: int = 24) -> bytes:
    """Draw a contact sheet as a PNG.

    Args:
        rows: The pictures.
        each: Pictures of a row that are drawn, at most.
    """
    shown = [(row, row.tiles[:each]) for row in rows if row.tiles]
    lines = [-(-len(tiles) // _COLUMNS) for _, tiles in shown]
    cell = _SIDE + _FOOT + _GAP
    width = _GAP + _COLUMNS * (_SIDE + _GAP)
    height = _GAP + sum(_HEAD + count * cell for count in lines)
    sheet = Image.new("RGB", (width, max(height, _HEAD)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    title, small = ImageFont.load_default(14), ImageFont.load_default(10)
    top = _GAP
    for (row, tiles), count in zip(shown, lines, strict=True):
        draw.text((_GAP, top), _latin(row.title), fill=_INK, font=title)
        for number, tile in enumerate(tiles):
            left = _GAP + number % _COLUMNS * (_SIDE + _GAP)
            upper = top + _HEAD + number // _COLUMNS * cell
            picture = _picture(tile)
            if picture is None:
                draw.rectangle((left, upper, left + _SIDE - 1, upper + _SIDE - 1), fill=_EMPTY)
            else:
                sheet.paste(
                    picture, (left + (_SIDE - picture.width) // 2, upper + (_SIDE - picture.height) // 2)
                )
            draw.text((left, upper + _SIDE + 1), _cut(tile.caption, small), fill=_QUIET, font=small)
        top += _HEAD + count * cell
    stream = io.BytesIO()
    sheet.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _picture(tile: Tile) -> Image.Image | None:
    if tile.uri is None:
        return None
    try:
        rgb = decode_rgb(read_bytes(tile.uri))
    except UnreadableImageError:
        return None
    image = Image.fromarray(rgb)
    if tile.box is not None:
        image = image.crop(_around(tile.box, image.size))
    scale = _SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # a picture of few pixels is shown as those
    return image.resize(size, Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS)  # noqa: PLR2004


def _around(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    x, y, width, height = box
    added = _CONTEXT * max(width, height)
    left, top = max(0, int(np.floor(x - added))), max(0, int(np.floor(y - added)))
    right, bottom = int(np.ceil(x + width + added)), int(np.ceil(y + height + added))
    return (
        min(left, size[0] - 1),
        min(top, size[1] - 1),
        max(left + 1, min(right, size[0])),
        max(top + 1, min(bottom, size[1])),
    )


def _data_uri(tile: Tile) -> str | None:
    picture = _picture(tile)
    if picture is None:
        return None
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _cut(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    """Keep as much of a caption as fits below its picture: the beginning and the end."""
    shown = _latin(text)
    kept = len(shown)
    while kept > _HEADED and font.getlength(shown) > _SIDE:
        kept -= 1
        shown = _latin(f"{text[:_HEADED]}..{text[len(text) - kept + _HEADED :]}")
    return shown


def _latin(text: str) -> str:
    """Keep what the built-in font has; the page says names as they are."""
    return text.encode("latin-1", "replace").decode("latin-1")

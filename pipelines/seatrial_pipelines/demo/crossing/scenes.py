"""Drawn street scenes with their truth: boxes for a detector, a mask for a segmenter, metadata for slices.

Nothing is downloaded: a scene is drawn from its number, so that every run of the demo sees the same data.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["OBJECTS", "SIDE", "SURFACES", "Box", "Scene", "draw_scene"]

#: Width and height of a scene in pixels.
SIDE = 96

#: What a detector looks for.
OBJECTS = ("car", "cyclist", "pedestrian")

#: What a segmenter tells apart, by the code in the mask.
SURFACES = ("background", "road", *OBJECTS)

_FRAMES_PER_SCENE = 4
_CLOTHES = ((205, 60, 50), (60, 90, 190), (230, 190, 70), (80, 150, 90), (150, 80, 160), (40, 40, 45))

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Box:
    """An object: its class, its box in pixels, and how much of it nearer objects hide."""

    class_: str
    x: int
    y: int
    width: int
    height: int
    hidden: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One image.

    Attributes:
        name: Unique name.
        place: The street, which its frames share.
        light: ``day`` or ``night``.
        weather: ``clear`` or ``rain``.
        pixels: Shape (96, 96, 3), uint8.
        mask: Codes of :data:`SURFACES`, shape (96, 96), uint8.
        boxes: Its objects that can be seen at all, farthest first.
    """

    name: str
    place: str
    light: str
    weather: str
    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    boxes: tuple[Box, ...]


def draw_scene(number: int, *, light: str) -> Scene:
    """Draw scene ``number``: four in a row are frames of one street.

    Args:
        number: Decides everything but the light.
        light: ``day`` or ``night``.
    """
    place = number // _FRAMES_PER_SCENE
    street = np.random.default_rng([place, 1])
    chance = np.random.default_rng([number, 2])
    weather = "rain" if street.random() < 0.3 else "clear"
    horizon = int(street.integers(28, 40))
    image = Image.new("RGB", (SIDE, SIDE))
    codes = Image.new("L", (SIDE, SIDE))
    _draw_street(ImageDraw.Draw(image), ImageDraw.Draw(codes), street, horizon)
    whole, numbered = _draw_objects(image, codes, chance, horizon)
    mask = np.asarray(codes)
    boxes = tuple(_seen(box, numbered == index) for index, box in enumerate(whole, start=1))
    pixels = _lit(np.asarray(image, dtype=np.float64), codes, chance, light=light, weather=weather)
    seen = tuple(box for box in boxes if box is not None)
    return Scene(f"{light}-{number:05}", f"street-{place:04}", light, weather, pixels, mask, seen)


def _draw_street(
    image: ImageDraw.ImageDraw, codes: ImageDraw.ImageDraw, chance: np.random.Generator, horizon: int
) -> None:
    sky = tuple(int(v) for v in chance.integers((120, 150, 180), (170, 200, 240)))
    image.rectangle((0, 0, SIDE, horizon), fill=_colour(sky))
    ground = tuple(int(v) for v in chance.integers((80, 100, 60), (130, 140, 90)))
    image.rectangle((0, horizon, SIDE, SIDE), fill=_colour(ground))
    left = 0
    while left < SIDE:  # houses
        width, height = int(chance.integers(10, 26)), int(chance.integers(8, horizon))
        wall = tuple(int(v) for v in chance.integers(70, 190, size=3))
        image.rectangle((left, horizon - height, left + width, horizon), fill=_colour(wall))
        left += width
    middle = int(chance.integers(36, 60))
    road = ((middle - 8, horizon), (middle + 8, horizon), (SIDE + 30, SIDE), (-30, SIDE))
    grey = int(chance.integers(75, 110))
    image.polygon(road, fill=(grey, grey, grey + 4))
    codes.polygon(road, fill=SURFACES.index("road"))
    if chance.random() < 0.5:  # a crosswalk
        top = int(chance.integers(60, 80))
        for stripe in range(0, SIDE, 12):
            image.rectangle((stripe, top, stripe + 6, top + 5), fill=(225, 225, 220))


def _draw_objects(
    image: Image.Image, codes: Image.Image, chance: np.random.Generator, horizon: int
) -> tuple[list[Box], NDArray[np.uint8]]:
    """Draw the farthest first; give each one's whole box, and which object each pixel belongs to."""
    numbered = Image.new("L", (SIDE, SIDE))
    feet = sorted(chance.uniform(horizon + 8, SIDE - 2, size=int(chance.integers(1, 5))))
    boxes = []
    for number, foot in enumerate(feet, start=1):
        kind = OBJECTS[int(chance.choice(3, p=(0.4, 0.2, 0.4)))]
        near = (foot - horizon) / (SIDE - horizon)
        height = {"car": 10 + 22 * near, "cyclist": 13 + 26 * near, "pedestrian": 12 + 28 * near}[kind]
        width = height * {"car": 1.55, "cyclist": 0.8, "pedestrian": 0.38}[kind]
        left, top = chance.uniform(0, SIDE - width), foot - height
        place = (round(left), round(top), round(left + width), round(foot))
        shape = Image.new("L", (SIDE, SIDE))
        _DRAWN[kind](ImageDraw.Draw(image), ImageDraw.Draw(shape), place, chance)
        silhouette = shape.point(lambda value: 255 if value else 0)
        codes.paste(SURFACES.index(kind), mask=silhouette)
        numbered.paste(number, mask=silhouette)
        boxes.append(_box(kind, np.asarray(shape) > 0, 0.0))
    return boxes, np.asarray(numbered)


def _draw_car(
    image: ImageDraw.ImageDraw,
    shape: ImageDraw.ImageDraw,
    place: tuple[int, int, int, int],
    chance: np.random.Generator,
) -> None:
    left, top, right, bottom = place
    paint = tuple(int(v) for v in chance.integers(40, 230, size=3))
    height = bottom - top
    roof, belt = (left + (right - left) // 5, top, right - (right - left) // 5, bottom), top + height // 3
    for draw, body, glass, tyre in ((image, paint, (60, 70, 85), (20, 20, 22)), (shape, 1, 1, 1)):
        draw.rectangle(roof, fill=body)
        draw.rectangle((roof[0] + 1, top + 1, roof[2] - 1, belt), fill=glass)
        draw.rectangle((left, belt, right, bottom - height // 8), fill=body)
        for wheel in (left + 1, right - 1 - height // 4):
            draw.ellipse((wheel, bottom - height // 4, wheel + height // 4, bottom), fill=tyre)


def _draw_pedestrian(
    image: ImageDraw.ImageDraw,
    shape: ImageDraw.ImageDraw,
    place: tuple[int, int, int, int],
    chance: np.random.Generator,
) -> None:
    left, top, right, bottom = place
    height, width = bottom - top, right - left
    coat, legs = _clothes(chance), _clothes(chance)
    hips, neck, middle = top + height * 6 // 10, top + height // 5, (left + right) // 2
    for draw, skin, upper, lower in ((image, (215, 170, 140), coat, legs), (shape, 1, 1, 1)):
        draw.rectangle((left + 1, hips, middle - 1, bottom), fill=lower)
        draw.rectangle((middle + 1, hips, right - 1, bottom), fill=lower)
        draw.rectangle((left, neck, right, hips), fill=upper)
        draw.ellipse((middle - width // 3, top, middle + width // 3, neck), fill=skin)


def _draw_cyclist(
    image: ImageDraw.ImageDraw,
    shape: ImageDraw.ImageDraw,
    place: tuple[int, int, int, int],
    chance: np.random.Generator,
) -> None:
    left, top, right, bottom = place
    height, width = bottom - top, right - left
    coat = _clothes(chance)
    wheel, middle = width * 9 // 20, (left + right) // 2
    for draw, skin, upper, rubber in ((image, (215, 170, 140), coat, (25, 25, 28)), (shape, 1, 1, 1)):
        for start in (left, right - wheel):
            draw.ellipse((start, bottom - wheel, start + wheel, bottom), outline=rubber, width=2)
        draw.line(
            (left + wheel // 2, bottom - wheel // 2, right - wheel // 2, bottom - wheel // 2), fill=rubber
        )
        draw.polygon(
            (
                (middle - width // 5, top + height // 5),
                (middle + width // 5, top + height // 5),
                (middle + width // 6, bottom - wheel // 2),
                (middle - width // 6, bottom - wheel // 2),
            ),
            fill=upper,
        )
        draw.ellipse((middle - width // 7, top, middle + width // 7, top + height // 5), fill=skin)


_DRAWN = {"car": _draw_car, "cyclist": _draw_cyclist, "pedestrian": _draw_pedestrian}


def _lit(
    pixels: NDArray[np.float64], codes: Image.Image, chance: np.random.Generator, *, light: str, weather: str
) -> NDArray[np.uint8]:
    """Put light and weather on a drawn street, as a camera of modest quality would see it."""
    if light == "night":
        lamp = np.exp(-((np.arange(SIDE) - chance.uniform(20, 76)) ** 2) / 900)
        pixels = pixels * (0.16 + 0.22 * lamp[None, :, None]) + np.array((2, 4, 12))
        cars = np.asarray(codes) == SURFACES.index("car")
        pixels[cars & (chance.random(cars.shape) < 0.04)] = (250, 240, 190)  # headlights and reflections
    if weather == "rain":
        streaks = chance.random((SIDE, SIDE)) < 0.015
        for shift in range(5):
            pixels[np.roll(streaks, shift, axis=0)] += 18
    noise = 9.0 if light == "night" else 6.0
    seen = Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))
    return (np.asarray(seen) + chance.normal(0, noise, pixels.shape)).clip(0, 255).astype(np.uint8)


def _seen(whole: Box, visible: NDArray[np.bool_]) -> Box | None:
    """Give an object as far as it can be seen; None where almost nothing of it can."""
    share = visible.sum() / max(1, _AREA[whole.class_] * whole.width * whole.height)
    if share < 0.25:  # less is not annotated
        return None
    return Box(
        whole.class_, whole.x, whole.y, whole.width, whole.height, round(float(max(0.0, 1 - share)), 2)
    )


#: Share of its box that each object's silhouette fills, about.
_AREA = {"car": 0.8, "cyclist": 0.45, "pedestrian": 0.85}


def _box(kind: str, shape: NDArray[np.bool_], hidden: float) -> Box:
    rows, columns = np.flatnonzero(shape.any(axis=1)), np.flatnonzero(shape.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return Box(kind, left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1, hidden)


def _clothes(chance: np.random.Generator) -> Colour:
    return _CLOTHES[int(chance.integers(len(_CLOTHES)))]


def _colour(values: tuple[int, ...]) -> Colour:
    red, green, blue = values
    return red, green, blue

"""The tale of the crossing: what detection and segmentation share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from seatrial.progress import progress
from seatrial_pipelines.demo.crossing.scenes import Scene, draw_scene
from seatrial_pipelines.demo.tale import FAIL, PASS, Chapter

__all__ = ["MORAL", "Streets", "write_images"]

MORAL = (
    "Candidate A was better over all images and was refused for what it does at night; "
    "candidate B is now the champion."
)

_DAY, _NIGHT = "images by day", "images by night"
_MOST_BY_DAY, _MOST_BY_NIGHT = 1500, 450
_TEST = 600
#: Of ten streets in the test set, this many are seen at night.
_NIGHTS_IN_TEN = 3
_FRAMES = 4

#: Scenes of training by day, by night and of the test set have numbers of their own: no street is in two.
_FIRST_NIGHT, _FIRST_TEST = 20_000, 50_000


@dataclass(frozen=True)
class Streets:
    """Drawn street scenes: those to train on, and those to judge with."""

    @cached_property
    def day(self) -> tuple[Scene, ...]:
        """Scenes to train on, by day."""
        return tuple(draw_scene(number, light="day") for number in range(_MOST_BY_DAY))

    @cached_property
    def night(self) -> tuple[Scene, ...]:
        """Scenes to train on, by night."""
        return tuple(draw_scene(_FIRST_NIGHT + number, light="night") for number in range(_MOST_BY_NIGHT))

    @cached_property
    def test(self) -> tuple[Scene, ...]:
        """Scenes to judge with."""
        return tuple(draw_scene(_FIRST_TEST + number, light=_light(number)) for number in range(_TEST))

    @property
    def introduction(self) -> str:
        """What the terminal says of the data."""
        return (
            "Drawn street scenes by day and by night, in rain and clear weather, four frames a street.\n"
            f"{_MOST_BY_DAY + _MOST_BY_NIGHT} images to train on, {_TEST} to judge with."
        )

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """A champion, a candidate that is refused, and one that is promoted."""
        return (
            Chapter("champion", "The first model: there is no champion yet", {_DAY: 450, _NIGHT: 150}, PASS),
            Chapter(
                "candidate-a",
                "Candidate A: many more images by day, hardly any by night",
                {_DAY: _MOST_BY_DAY, _NIGHT: 20},
                FAIL,
            ),
            Chapter(
                "candidate-b",
                "Candidate B: trained with the night in mind",
                {_DAY: 1200, _NIGHT: _MOST_BY_NIGHT},
                PASS,
            ),
        )

    def of(self, chapter: Chapter) -> tuple[Scene, ...]:
        """Choose the scenes that a chapter's model is trained on."""
        return (*self.day[: chapter.samples[_DAY]], *self.night[: chapter.samples[_NIGHT]])


def write_images(folder: Path, scenes: Sequence[Scene]) -> None:
    """Write a PNG a scene into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with progress("write images", len(scenes), "images") as advance:
        for scene in scenes:
            Image.fromarray(scene.pixels).save(folder / f"{scene.name}.png", compress_level=1)
            advance(1)


def _light(number: int) -> str:
    return "night" if number // _FRAMES % 10 < _NIGHTS_IN_TEN else "day"

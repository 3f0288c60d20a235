"""The tale of the crossing, told of a segmenter."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd
from PIL import Image

from seatrial_pipelines.demo.crossing.scenes import SIDE, SURFACES
from seatrial_pipelines.demo.crossing.streets import MORAL, Streets, write_images
from seatrial_pipelines.demo.tale import Chapter, Trained

__all__ = ["Segmentation"]

_SEED = 0
_CLASSES = ",".join(SURFACES)


@dataclass(frozen=True)
class Segmentation(Streets):
    """A candidate that saw hardly any street at night."""

    model: str = "street-segmenter"
    dataset: str = f"masks:data/test?classes={_CLASSES}&metadata=data/test.csv&group=place&name=streets-test"
    reference: str = (
        f"masks:data/train?classes={_CLASSES}&metadata=data/train.csv&group=place&name=streets-train"
    )
    moral: str = MORAL

    @property
    def policy(self) -> str:
        """Text of the policy."""
        return (files(__package__) / "segmentation.yaml").read_text(encoding="utf-8")

    def prepare(self, folder: Path) -> None:
        """Write images, masks of class codes and a table of metadata."""
        for name, scenes in (("train", (*self.day, *self.night)), ("test", self.test)):
            data = folder / "data"
            write_images(data / name / "images", scenes)
            (data / name / "masks").mkdir()
            for scene in scenes:
                Image.fromarray(scene.mask).save(data / name / "masks" / f"{scene.name}.png")
            rows = [(one.name, one.place, one.light, one.weather) for one in scenes]
            table = pd.DataFrame(rows, columns=["id", "place", "light", "weather"])
            table.to_csv(data / f"{name}.csv", index=False)

    def train(self, chapter: Chapter) -> Trained:
        """Train a small segmenter on the scenes of a chapter."""
        from seatrial_pipelines.demo.crossing.segmenter import train_segmenter
        from seatrial_pipelines.demo.crossing.training import PREPROCESS

        options = {
            "classes": list(SURFACES),
            "adapter": "logits",
            "adapter_options": {"keep_masks": True},  # for the report's pictures
            "preprocess": PREPROCESS,
        }
        return Trained(train_segmenter(self.of(chapter), _SEED), SIDE, options, {})

"""The tale of the crossing, told of a detector."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from seatrial.files import write_text
from seatrial_pipelines.demo.crossing.scenes import OBJECTS, SIDE, Scene
from seatrial_pipelines.demo.crossing.streets import MORAL, Streets, write_images
from seatrial_pipelines.demo.tale import Chapter, Trained

__all__ = ["Detection"]

_SEED = 0


@dataclass(frozen=True)
class Detection(Streets):
    """A candidate that saw hardly any pedestrian at night."""

    model: str = "street-detector"
    dataset: str = "coco:data/test.json?images=test&group=place&name=streets-test"
    reference: str = "coco:data/train.json?images=train&group=place&name=streets-train"
    moral: str = MORAL

    @property
    def policy(self) -> str:
        """Text of the policy."""
        return (files(__package__) / "detection.yaml").read_text(encoding="utf-8")

    def prepare(self, folder: Path) -> None:
        """Write images and annotations as COCO keeps them."""
        for name, scenes in (("train", (*self.day, *self.night)), ("test", self.test)):
            write_images(folder / "data" / name, scenes)
            write_text(folder / "data" / f"{name}.json", json.dumps(_annotations(scenes)))

    def train(self, chapter: Chapter) -> Trained:
        """Train a small detector on the scenes of a chapter."""
        from seatrial_pipelines.demo.crossing.detector import train_detector
        from seatrial_pipelines.demo.crossing.training import PREPROCESS

        options = {
            "classes": list(OBJECTS),
            "adapter": "yolo",
            "adapter_options": {"score": 0.01, "nms_iou": 0.5, "max_detections": 50},
            "preprocess": PREPROCESS,
        }
        return Trained(train_detector(self.of(chapter), _SEED), SIDE, options, {})


def _annotations(scenes: Sequence[Scene]) -> dict[str, object]:
    images = [
        {
            "id": number,
            "file_name": f"{scene.name}.png",
            "width": SIDE,
            "height": SIDE,
            "place": scene.place,
            "light": scene.light,
            "weather": scene.weather,
        }
        for number, scene in enumerate(scenes, start=1)
    ]
    boxes = [(number, box) for number, scene in enumerate(scenes, start=1) for box in scene.boxes]
    annotations = [
        {
            "id": number,
            "image_id": image,
            "category_id": OBJECTS.index(box.class_) + 1,
            "bbox": [box.x, box.y, box.width, box.height],
            "area": box.width * box.height,
            "iscrowd": 0,
            "hidden": box.hidden,
        }
        for number, (image, box) in enumerate(boxes, start=1)
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(OBJECTS, start=1)]
    return {"images": images, "annotations": annotations, "categories": categories}

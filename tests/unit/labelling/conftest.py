"""A small data set of each task, with images whose names are hostile, and queues of them."""

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from seatrial.datasets import OBJECT_SCHEMA, DatasetManifest
from seatrial.datasets.rle import encode_mask
from seatrial.labelling import LabellingQueue, QueueItem, SuggestedBox

NAMES = ("plain.png", 'a "quoted" & <tagged>,\nname.png', "größe/日本 %2F #1.png", "=1+1;'--.png")
CLASSES = ("cat", '<dog> & "wolf"', "ü,;|")

SIZE = (60, 40)  # width, height


@pytest.fixture
def mask():
    """A mask of two parts that touches the image's lower right corner."""
    pixels = np.zeros(SIZE[::-1], dtype=np.bool_)
    pixels[5:9, 3:20] = True
    pixels[30:40, 50:60] = True
    return pixels


@pytest.fixture
def manifest(tmp_path):
    """Make a data set of a task; the last image is not there."""

    def make(task: str = "classification") -> DatasetManifest:
        folder = tmp_path / "data" / "images"
        for number, name in enumerate(NAMES):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 256, (*SIZE[::-1], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
        ids = [*NAMES, "gone.png"]
        truth = {
            "classification": {"label": pa.array([CLASSES[1]] * len(ids))},
            "detection": {"annotated": pa.array([True] * len(ids))},
            "segmentation": {
                "mask": pa.nulls(len(ids), pa.string()),
                "mask_content": pa.nulls(len(ids), pa.string()),
            },
        }[task]
        table = {
            "id": pa.array(ids),
            "uri": pa.array([str(folder / one) for one in ids]),
            "group": pa.nulls(len(ids), pa.string()),
            "content": pa.nulls(len(ids), pa.string()),
            **truth,
        }
        objects = OBJECT_SCHEMA.empty_table() if task == "detection" else None
        return DatasetManifest("hostile", task, CLASSES, pa.table(table), objects)

    return make


@pytest.fixture
def queue(manifest, mask):
    """Make a queue of a task, with a suggestion for each image but the last."""

    def make(task: str = "classification") -> LabellingQueue:
        encoded = encode_mask(mask)
        boxes = {
            "classification": (),
            "detection": (
                SuggestedBox(CLASSES[1], 1.5, 2.25, 30, 20.5, 0.75),
                SuggestedBox("cat", 0, 0, 60, 40),
            ),
            "segmentation": (SuggestedBox(CLASSES[2], 3, 5, 57, 35, mask=encoded),),
        }[task]
        label = CLASSES[2] if task == "classification" else None
        items = [
            QueueItem(name, 1 / rank, f'no. {rank} <of> & "all"', f"batch {rank % 2}", label, boxes)
            for rank, name in enumerate(reversed(NAMES), start=1)
        ]
        return LabellingQueue.of(manifest(task), [*items, QueueItem("gone.png", 0, "no such file")])

    return make

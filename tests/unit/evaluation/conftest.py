"""Small data sets with truth, written as people write them."""

import json

import numpy as np
import pytest
from PIL import Image

from seatrial.datasets import read_dataset


@pytest.fixture
def detection_data(tmp_path):
    """Three images of 100 × 80 pixels in COCO's format, two of them with an object; no image files."""
    images = [
        {"id": number, "file_name": f"{name}.jpg", "width": 100, "height": 80}
        for number, name in ((4, "a"), (5, "b"), (6, "c"))
    ]
    box = {"bbox": [10, 20, 30, 40], "area": 1200, "iscrowd": 0}
    annotations = [
        {"id": 1, "image_id": 4, "category_id": 1, **box, "occluded": True},
        {"id": 2, "image_id": 5, "category_id": 2, **box, "occluded": False},
    ]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return read_dataset(f"coco:{path}?images=")


@pytest.fixture
def save_codes():
    """Write an index PNG."""

    def save(path, codes):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(codes, dtype=np.uint8)).save(path)
        return path

    return save


@pytest.fixture
def segmentation_data(tmp_path, save_codes):
    """Three images of 3 × 2 pixels, two of them with a mask that has a void pixel."""
    for name in ("a", "b", "c"):
        save_codes(tmp_path / "data" / "images" / f"{name}.png", np.full((2, 3), ord(name)))
    for name in ("a", "b"):
        save_codes(tmp_path / "data" / "masks" / f"{name}.png", [[0, 1, 1], [0, 0, 255]])
    return read_dataset(f"masks:{tmp_path}/data?classes=sky,road&void=255")

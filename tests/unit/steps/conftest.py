"""Images of coloured shapes with boxes and with masks."""

import numpy as np
import pytest
from PIL import Image

_COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
_XML = (
    "<annotation><filename>{id}.png</filename><size><width>{width}</width><height>{height}</height></size>"
    "<object><name>{name}</name><bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax>"
    "</bndbox></object></annotation>"
)


@pytest.fixture
def shapes(tmp_path):
    """Twelve images of four sizes with one coloured rectangle each, as Pascal VOC has them."""
    for part in ("Annotations", "JPEGImages"):
        (tmp_path / "shapes" / part).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(12):
        name = list(_COLOURS)[number % 3]
        width, height = [(90, 60), (60, 90), (64, 64), (120, 50)][number % 4]
        x1, y1 = rng.integers(4, width // 3), rng.integers(4, height // 3)
        x2, y2 = rng.integers(width // 2, width - 4), rng.integers(height // 2, height - 4)
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        pixels[y1:y2, x1:x2] = _COLOURS[name]
        Image.fromarray(pixels).save(tmp_path / "shapes" / "JPEGImages" / f"{number:02}.png")
        fields = {"id": f"{number:02}", "name": name, "width": width, "height": height}
        text = _XML.format(**fields, x1=x1, y1=y1, x2=x2, y2=y2)
        (tmp_path / "shapes" / "Annotations" / f"{number:02}.xml").write_text(text)
    return tmp_path / "shapes"


@pytest.fixture
def scenes(tmp_path):
    """Nine images of three sizes with a red and a green rectangle, and their masks with a void border."""
    for part in ("images", "masks"):
        (tmp_path / "scenes" / part).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(9):
        width, height = [(90, 60), (60, 90), (64, 64)][number % 3]
        pixels = np.zeros((height, width, 3), dtype=np.uint8)
        mask = np.zeros((height, width), dtype=np.uint8)
        for code in (1, 2):
            top, left = rng.integers(5, height // 2), rng.integers(5, width // 2)
            pixels[top : top + 20, left : left + 25] = np.eye(3)[code - 1] * 255
            mask[top : top + 20, left : left + 25] = code
        mask[:2] = 255
        Image.fromarray(pixels).save(tmp_path / "scenes" / "images" / f"{number}.png")
        Image.fromarray(mask).save(tmp_path / "scenes" / "masks" / f"{number}.png")
    return tmp_path / "scenes"

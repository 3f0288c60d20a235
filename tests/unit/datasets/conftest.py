"""Small real image folders."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def image_folder(tmp_path: Path) -> Path:
    """Four PNGs in two class folders, each of another grey."""
    folder = tmp_path / "val"
    for number, name in enumerate(["cat/a.png", "cat/b.png", "dog/a.png", "dog/deep/c.png"]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8, 3), 40 * number, dtype=np.uint8)).save(path)
    return folder

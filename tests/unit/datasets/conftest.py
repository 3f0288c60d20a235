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


@pytest.fixture
def paint():
    """Write an image of a size, of one grey that no other test image has, or with EXIF orientation."""

    def write(path: Path, size: tuple[int, int] = (40, 30), orientation: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(np.full((size[1], size[0], 3), sum(path.name.encode()) % 256, dtype=np.uint8))
        exif = Image.Exif()
        if orientation != 1:
            exif[0x0112] = orientation
        image.save(path, exif=exif)
        return path

    return write


@pytest.fixture
def paint_codes():
    """Write a mask: an index PNG, a palette PNG or a 16-bit PNG."""

    def write(path: Path, codes: list[list[int]], mode: str = "L") -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if mode == "I;16":
            image = Image.fromarray(np.array(codes, dtype=np.uint16))
        else:
            image = Image.fromarray(np.array(codes, dtype=np.uint8))
        if mode == "P":
            image = image.copy()
            image.putpalette([value for code in range(256) for value in (code, 255 - code, 7)])
        image.save(path)
        return path

    return write

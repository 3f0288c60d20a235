"""Real images, and real networks that a model URI can name."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def tiny_networks(monkeypatch):
    """The module ``tiny_networks``, importable by name, fresh for each test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "networks"))
    monkeypatch.delitem(sys.modules, "tiny_networks", raising=False)
    yield importlib.import_module("tiny_networks")
    sys.modules.pop("tiny_networks", None)


@pytest.fixture
def save_image():
    """Write an image of random blocks around a mean brightness."""

    def save(path, seed=0, size=(24, 20), mean=128):
        rng = np.random.default_rng(seed)
        blocks = rng.integers(max(mean - 60, 0), min(mean + 60, 256), (5, 6, 3), dtype=np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(path)
        return path

    return save


@pytest.fixture
def image_folder(tmp_path, save_image):
    """A data set of two classes with ten images each, light and dark."""
    for number in range(10):
        save_image(tmp_path / "data" / "cracked" / f"{number}.png", number, mean=90)
        save_image(tmp_path / "data" / "sound" / f"{number}.png", 100 + number, mean=170)
    return tmp_path / "data"


@pytest.fixture
def vision_networks(monkeypatch):
    """The module ``vision_networks``, importable by name, fresh for each test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "networks"))
    monkeypatch.delitem(sys.modules, "vision_networks", raising=False)
    yield importlib.import_module("vision_networks")
    sys.modules.pop("vision_networks", None)

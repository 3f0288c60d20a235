"""Networks of which it is known where they look, and images to explain."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seatrial.inference import ModelOptions
from seatrial.inference.load import load_model
from seatrial.inference.saliency import Explainer, ExplainOptions, Request
from seatrial.inference.tasks.classification import Classification

UPPER_LEFT, LOWER_RIGHT = (0.0, 0.0, 8.0, 8.0), (8.0, 8.0, 8.0, 8.0)


@pytest.fixture
def looking_networks(monkeypatch):
    """The module ``looking_networks``, importable by name, fresh for each test."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "networks"))
    monkeypatch.delitem(sys.modules, "looking_networks", raising=False)
    yield importlib.import_module("looking_networks")
    sys.modules.pop("looking_networks", None)


@pytest.fixture
def images(tmp_path):
    """Five images of 16 × 16 random pixels, none of them dark."""
    paths = []
    for number in range(5):
        pixels = np.random.default_rng(number).integers(60, 256, (16, 16, 3), dtype=np.uint8)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.fixture
def plain():
    """Options that hand pixels over as they are, in [0, 1]."""
    steps = {"resize": None, "crop": None, "mean": [0, 0, 0], "std": [1, 1, 1]}
    return ModelOptions.parse({"preprocess": steps}, "test")


@pytest.fixture
def explain(looking_networks, images, plain):
    """Explain the images and give the explainer and what it found."""

    def run(uri, *, batch_size=8, options=plain, references=(), read_core=None, paths=None, **changes):
        model = load_model(uri, options, device="cpu")
        task = Classification(("a", "b"), options.outputs, model.network.precision, named_by_user=False)
        known = {
            name: changes.pop(name) for name in ("method", "layer", "side", "windows") if name in changes
        }
        explainer = Explainer(
            model, task, ExplainOptions(**known), batch_size=batch_size, workers=1, read_core=read_core
        )
        requests = [
            Request(path.stem, str(path), **{"target": 0, "truth": 0, "core_boxes": (UPPER_LEFT,), **changes})
            for path in (images if paths is None else paths)
        ]
        return explainer, list(explainer.run(requests, lambda _: None, references))

    return run

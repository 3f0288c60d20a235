"""``evaluate_model`` beside the bare forward pass over tensors that are in memory already."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.models import resnet18

from benchmarks.row import Row, seconds
from seatrial.evaluation import EvaluationTable
from seatrial.inference import ModelOptions
from seatrial.steps import evaluate_model

_IMAGES, _BATCH = 512, 32


def network() -> torch.nn.Module:
    """Build a ResNet-18 of 10 classes with fixed random weights."""
    torch.manual_seed(7)
    return resnet18(num_classes=10).eval()


def rows() -> Iterator[Row]:
    """Evaluate a ResNet-18 on 300×300 JPEGs on the CPU."""
    rng = np.random.default_rng(7)
    options = ModelOptions(classes=tuple(str(code) for code in range(10)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(_IMAGES):
            path = folder / "images" / str(number % 10) / f"{number}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8))
            coarse.resize((300, 300), Image.Resampling.BICUBIC).save(path, quality=90)

        def evaluate() -> EvaluationTable:
            with contextlib.redirect_stderr(io.StringIO()):
                return evaluate_model.run(
                    "python:benchmarks.evaluation:network",
                    f"images:{folder}/images",
                    folder / "evaluation",
                    options=options,
                    device="cpu",
                    batch_size=_BATCH,
                    force=True,
                )

        model = network().to(memory_format=torch.channels_last)
        batches = torch.randn(_IMAGES, 3, 224, 224).to(memory_format=torch.channels_last).split(_BATCH)
        with torch.inference_mode():
            model(batches[0])
            bare, _ = seconds(lambda: [model(batch) for batch in batches])
        ours, spread = seconds(evaluate)
    yield Row(
        f"evaluation on the CPU, ResNet-18, {_IMAGES} JPEGs of 300×300, everything included",
        f"{_IMAGES / ours:.0f} images/s ({_IMAGES / ours - _IMAGES / (ours + spread):.0f})",
        f"bare forward pass {_IMAGES / bare:.0f} images/s",
        f"{bare / ours:.2f} of the bare rate",
        "predictions checked in `tests/unit/inference`",
    )

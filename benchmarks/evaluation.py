"""`evaluate-model` beside the bare forward pass over tensors that are on the device already, and its memory.

Where there is a GPU it is used; else the processor. The bare pass computes in the same process, type and
memory format, on as many threads, in batches of the same size. Both sides run in turns; the ratio is the
median of those of the turns.
"""

import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.models import resnet18, resnet50
from torchvision.models.detection import fasterrcnn_mobilenet_v3_large_320_fpn

from benchmarks.measured import Cost, measured
from benchmarks.row import Claim, Row
from seatrial.files import write_text
from seatrial.inference import ModelOptions
from seatrial.inference.load import load_model
from seatrial.inference.profile import read_profiles
from seatrial.steps import evaluate_model

_DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
_BATCH = 256 if _DEVICE == "cuda" else 32
_REPEATS = 3

#: Share of the bare rate that is to be reached.
_LEAST = 0.9

#: Images that differ; more of them are links to these.
_DISTINCT = 64


@cache
def network() -> torch.nn.Module:
    """Build a ResNet-18 of 10 classes with fixed random weights."""
    torch.manual_seed(7)
    return resnet18(num_classes=10).eval()


@cache
def large_network() -> torch.nn.Module:
    """Build a ResNet-50 of 10 classes with fixed random weights."""
    torch.manual_seed(7)
    return resnet50(num_classes=10).eval()


@cache
def detector() -> torch.nn.Module:
    """Build a Faster R-CNN on MobileNetV3, at 320 pixels, of 10 classes with fixed random weights."""
    torch.manual_seed(7)
    build: Callable[..., torch.nn.Module] = fasterrcnn_mobilenet_v3_large_320_fpn
    return build(weights=None, weights_backbone=None, num_classes=11).eval()


@cache
def small_network() -> torch.nn.Module:
    """Build a network that takes next to no time and memory."""
    torch.manual_seed(7)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, stride=2),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 10),
    ).eval()


def rows() -> Iterator[Row]:
    """Evaluate classifiers and a detector on JPEGs of 500×375, and a small network on very many images."""
    scale = 16 if _DEVICE == "cuda" else 1
    classifier = {"classes": [str(code) for code in range(10)]}
    with tempfile.TemporaryDirectory(prefix="seatrial-benchmark-") as name:
        folder = Path(name)
        for title, model, options, images in (
            ("ResNet-50", large_network, classifier, 128 * scale),
            ("ResNet-18", network, classifier, 256 * scale),
            ("Faster R-CNN (MobileNetV3, 320)", detector, {"adapter_options": {"score": 0.5}}, 64 * scale),
        ):
            yield _throughput(folder, title, model, options, images)
        yield _memory(folder)


def _throughput(
    folder: Path, title: str, build: Callable[[], torch.nn.Module], fields: dict[str, Any], images: int
) -> Row:
    dataset, task = _dataset(folder, images, "detection" if build is detector else "classification")
    options = ModelOptions.parse(fields, title)
    uri = f"python:benchmarks.evaluation:{build.__name__}"
    bare = _bare(uri, options, task, images)
    out = folder / "evaluation"

    def evaluate() -> None:
        with contextlib.redirect_stderr(io.StringIO()):
            evaluate_model.run(
                uri,
                dataset,
                out,
                options=options,
                device=_DEVICE,
                batch_size=_BATCH,
                force=True,
                profile=True,
            )

    evaluate()
    ratios, rates, whole = [], [], []
    for _ in range(_REPEATS):
        beside = _seconds(bare)
        spent = _seconds(evaluate)
        (profile,) = read_profiles(out)
        whole.append(beside / spent)
        ratios.append(beside / profile["seconds"])
        rates.append((images / profile["seconds"], images / beside))
    ours, theirs = (statistics.median(pair) for pair in zip(*rates, strict=True))
    stages = ", ".join(f"{stage} {one['share']:.0%}" for stage, one in profile["stages"].items())
    return Row(
        f"{title} on the {_DEVICE}, {images} JPEGs of 500×375 in a folder, batches of {_BATCH}, "
        "from the first image to the written evaluation",
        f"{ours:.3g} images/s; {stages}; {profile['binds']} binds",
        f"bare forward pass {theirs:.3g} images/s",
        f"{statistics.median(ratios):.2f} of the bare rate ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"{statistics.median(whole):.2f} with reading the data set and loading the model",
        "predictions checked in `tests/unit/inference`",
        _claims(build, statistics.median(ratios)),
    )


def _claims(build: Callable[[], torch.nn.Module], ratio: float) -> tuple[Claim, ...]:
    """Say what the row of ResNet-50 says of the baseline for the device."""
    if build is not large_network:
        return ()
    baseline = "evaluation_gpu" if _DEVICE == "cuda" else "evaluation_cpu"
    return (Claim(baseline, f"{ratio:.2f} of its throughput", ratio >= _LEAST),)


def _bare(uri: str, options: ModelOptions, task: Any, images: int) -> Callable[[], None]:
    """Run the network over random pixels on its device, as it runs in an evaluation."""
    model = load_model(uri, options, device=_DEVICE, task=task)
    network_ = model.network
    shape = (_BATCH, 3, 375, 500) if model.takes_list else (_BATCH, 3, 224, 224)
    pixels = torch.rand(shape, device=network_.device).to(memory_format=torch.channels_last)

    def run() -> None:
        for _ in range(images // _BATCH):
            network_.forward(list(pixels) if model.takes_list else pixels)
        if _DEVICE == "cuda":
            torch.cuda.synchronize()

    run()
    return run


def _memory(folder: Path) -> Row:
    """Evaluate a small network on 10,000 and on 100,000 images, each in a process of its own."""
    costs: list[Cost] = []
    gpu: list[float] = []
    counts = (10_000, 100_000)
    for count in counts:
        dataset = _links(folder / f"small-{count}", _small_images(folder), count)
        out = folder / "evaluation"
        costs.append(
            measured(
                *(sys.executable, "-m", "seatrial", "evaluate-model", "--profile"),
                *("--model", "python:benchmarks.evaluation:small_network", "--dataset", f"images:{dataset}"),
                *("--model-options", '{"preprocess": {"resize": null, "crop": null}}', "--out", out),
                *("--device", _DEVICE, "--batch-size", "256", "--force"),
                log=folder / "log",
            )
        )
        (profile,) = read_profiles(out)
        gpu.append((profile["gpu_bytes"] or 0) / 2**30)
    on_gpu = "" if _DEVICE == "cpu" else f"; on the GPU {gpu[0]:.2f} and {gpu[1]:.2f} GiB"
    return Row(
        "peak memory of the process, a small network on 32×32 JPEGs (links to 64 that differ), 10,000 and "
        "100,000 images",
        f"{costs[0].gib:.2f} GiB and {costs[1].gib:.2f} GiB{on_gpu}",
        "–",
        f"{costs[1].gib / costs[0].gib:.2f} times for ten times the images; "
        f"{counts[1] / costs[1].seconds:.0f} images/s, with all that starts",
        "–",
    )


def _dataset(folder: Path, images: int, task: str) -> tuple[str, str]:
    """Write JPEGs in a folder by class, and for a detector an annotation file with a box in each."""
    rng = np.random.default_rng(7)
    distinct = folder / "distinct"
    if not distinct.exists():
        distinct.mkdir()
        for number in range(_DISTINCT):
            coarse = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
            coarse.resize((500, 375), Image.Resampling.BICUBIC).save(distinct / f"{number}.jpg", quality=90)
    linked = _links(folder / f"images-{images}", distinct, images)
    if task == "classification":
        return f"images:{linked}", task
    paths = sorted(linked.rglob("*.jpg"))
    box = {"category_id": 1, "bbox": [50, 50, 100, 100], "area": 1e4, "iscrowd": 0}
    annotations = {
        "images": [
            {"id": number, "file_name": path.relative_to(linked).as_posix(), "width": 500, "height": 375}
            for number, path in enumerate(paths)
        ],
        "annotations": [box | {"id": number, "image_id": number} for number in range(len(paths))],
        "categories": [{"id": code + 1, "name": str(code)} for code in range(10)],
    }
    write_text(linked / "annotations.json", json.dumps(annotations))
    return f"coco:{linked}/annotations.json", task


def _small_images(folder: Path) -> Path:
    rng = np.random.default_rng(8)
    small = folder / "small"
    if not small.exists():
        small.mkdir()
        for number in range(_DISTINCT):
            pixels = Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8))
            pixels.save(small / f"{number}.jpg")
    return small


def _links(folder: Path, distinct: Path, count: int) -> Path:
    """Link ``count`` names in ten folders to the files of ``distinct``."""
    if not folder.exists():
        sources = sorted(distinct.iterdir())
        for code in range(10):
            (folder / str(code)).mkdir(parents=True)
        for number in range(count):
            os.link(sources[number % len(sources)], folder / str(number % 10) / f"{number:06}.jpg")
    return folder


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
